"""Every fault of a loss section at once; knows no torch."""

from collections.abc import Collection, Mapping
from typing import Any

from ablate.errors import nearest
from ablate.losses.named import counts, term_faults
from ablate.losses.presets import preset_faults, resolve
from ablate.losses.pyramid import SMALLEST_PX, level_scales, level_side
from ablate.losses.settings import alike, defaults, gradient_alone
from ablate.settings.loss import MAGNITUDES, MIX, SUMS, TERM, is_laplacian, loss_settings, names
from ablate.settings.setting import faults_of_values
from ablate.settings.terms import names as term_names

SSIM_PX = 11  # window of `ablate.losses.structure`
WEIGHTS = ("gradient_weight", "intensity_weight", "ssim_weight")


def check(
    settings: Mapping[str, Any],
    crop_px: int,
    *,
    steps: int | None = None,
    features: Collection[str] | None = None,
) -> list[str]:
    """Return every error of the settings, one line each; none means that `build` will work.

    Args:
        settings: The loss section; missing names have their default.
        crop_px: Side of a training crop, in pixels.
        steps: Training steps, where they are known.
        features: What the network hands out beside its image, where it is known.
    """
    known = loss_settings()
    faults = [
        f"loss.{name}: no such setting; {nearest(name, known)}"
        for name in settings
        if name not in known
    ]
    term = defaults(TERM)
    of_the_preset = preset_faults(settings, term=term, mix=defaults(MIX))
    if of_the_preset:
        return [*faults, *of_the_preset]
    full = {**defaults(), **resolve(settings, term=term)}
    registered = {f"losses.{name}": found for name, found in names().items()}
    of_values = faults_of_values(known, full, at="loss", known=registered)
    if of_values:
        return faults + of_values
    faults += _component_faults(full)
    if all(full[name] == 0 for name in WEIGHTS) and not _has_a_term(full):
        faults.append(
            f"loss: {', '.join(WEIGHTS)} are all 0, so nothing would be trained; raise one"
            + (", or the weight of one of the terms" if full["terms"] else "")
        )
    faults += term_faults(
        full,
        names={**registered, **term_names()},
        of_gradient=lambda own: check(gradient_alone(own), crop_px),
        steps=steps,
        crop_px=crop_px,
        features=features,
    )
    faults += _warmup_faults(full, steps)
    if full["ssim_weight"] and full["ssim_padding"] == "valid" and crop_px < SSIM_PX:
        faults.append(
            f"loss.ssim_padding: valid needs crops of at least {SSIM_PX} px, the window, got "
            f"{crop_px}; raise data.crop or use reflect"
        )
    faults += _reference_faults(full)
    of_levels = _list_faults(full)
    if faults or of_levels or full["gradient_weight"] == 0:
        return faults + of_levels
    return _side_faults(full, crop_px)


def _has_a_term(full: Mapping[str, Any]) -> bool:
    return any(term is not None and counts(term) for term in (full["terms"] or {}).values())


def _component_faults(full: Mapping[str, Any]) -> list[str]:
    has_one_response = is_laplacian(full["operator"])
    if has_one_response and full["components"] not in ("scalar", "axis_wise"):
        return [
            f"loss.components: {full['operator']} has one response per pixel, not axes to make "
            f"{full['components']} of; write components: scalar (sign: free is its absolute value)"
        ]
    if full["components"] == "scalar" and not has_one_response:
        return [
            f"loss.components: scalar is for a Laplacian, {full['operator']} has two axes; use "
            "axis_wise, or operator: laplacian"
        ]
    return []


def _warmup_faults(full: Mapping[str, Any], steps: int | None) -> list[str]:
    warmup = full["warmup_steps"]
    if warmup == 0 or full["gradient_weight"] == 0:
        return []
    others = full["intensity_weight"] or full["ssim_weight"] or _has_a_term(full)
    if not others:
        return [
            "loss.warmup_steps: without the gradient term nothing would be trained; raise "
            "intensity_weight or ssim_weight, or set it to 0"
        ]
    if steps is not None and warmup >= steps:
        return [
            f"loss.warmup_steps: the {warmup} steps without the gradient term are all of the "
            f"{steps} of train.steps; lower it, or set gradient_weight to 0"
        ]
    return []


def _reference_faults(full: Mapping[str, Any]) -> list[str]:
    """Return a fault where the mean of the sources, at which constants are measured, costs 0."""
    asked = {
        "norm": full["norm"] != "none",
        "lambda_policy": full["lambda_policy"] == "norm_matched",
    }
    divided = [name for name, is_asked in asked.items() if is_asked]
    is_linear = full["sign"] == "kept" and full["components"] not in MAGNITUDES
    is_linear = is_linear or full["components"] in SUMS
    if not divided or full["selection"] != "mean" or not is_linear or full["gradient_weight"] == 0:
        return []
    return [
        f"loss.{divided[0]}: {full[divided[0]]} is measured at the mean of the sources, where "
        f"selection: mean costs nothing; use norm: none and lambda_policy: shared"
    ]


def _list_faults(full: Mapping[str, Any]) -> list[str]:
    """Return the errors in lists of one number per level, each number right by itself."""
    levels, scales = full["levels"], full["scales"]
    faults = [
        f"loss.{name}: has {len(full[name])} numbers for {levels} levels; give one a level"
        for name in ("weights", "scales")
        if not isinstance(full[name], str) and len(full[name]) != levels
    ]
    if faults or isinstance(scales, str):
        return faults
    if not all(0 < scale <= 1 for scale in scales) or list(scales) != sorted(
        set(scales), reverse=True
    ):
        return [
            f"loss.scales: must fall, each in (0, 1] of full size, got {list(scales)!r}; for "
            "example [1, 0.5, 0.25]"
        ]
    return []


def _side_faults(full: Mapping[str, Any], crop_px: int) -> list[str]:
    plain = alike(full)
    scales = level_scales(plain["scales"], levels=plain["levels"], ratio=plain["ratio"])
    smallest = level_side(crop_px, scale=scales[-1])
    if smallest >= SMALLEST_PX:
        return []
    return [
        f"loss.levels: level {len(scales)} of a {crop_px} px crop at scale {scales[-1]:.4g} has "
        f"{smallest} px, below {SMALLEST_PX} it is mostly frame; use fewer levels, a larger ratio "
        "or a larger data.crop"
    ]
