"""Every fault of a loss section at once; knows no torch."""

from collections.abc import Mapping
from typing import Any

from ablate.errors import nearest
from ablate.losses.names import OR_NUMBERS, is_laplacian, names
from ablate.losses.presets import KEYS, preset_faults, resolve
from ablate.losses.pyramid import SMALLEST_PX, level_scales, level_side
from ablate.losses.settings import (
    DEFAULTS,
    MAGNITUDES,
    OF_THE_MIX,
    OF_THE_TERM,
    SUMS,
    WEIGHTS,
    canonical,
    is_number,
)

LARGEST_GROWTH = 1000.0  # beyond, only the coarsest level counts, and far beyond it overflows
MOST_LEVELS = 8
SSIM_PX = 11  # window of `ablate.losses.similarity`


def check(settings: Mapping[str, Any], crop_px: int, *, steps: int | None = None) -> list[str]:
    """Return every fault of the settings, one line each; none means that `build` will work.

    Args:
        settings: The loss section; missing names have their default.
        crop_px: Side of a training crop, in pixels.
        steps: Training steps, where they are known.
    """
    faults = [
        f"loss.{name}: no such setting; {nearest(name, (*DEFAULTS, *KEYS))}"
        for name in settings
        if name not in DEFAULTS and name not in KEYS
    ]
    of_the_preset = preset_faults(settings, term=OF_THE_TERM, mix=OF_THE_MIX)
    if of_the_preset:
        return [*faults, *of_the_preset]
    full = {**DEFAULTS, **resolve(settings, term=OF_THE_TERM)}
    faults += _name_faults(full)
    faults += _number_faults(full)
    faults += _warmup_faults(full, steps)
    if full["ssim_weight"] and full["ssim_padding"] == "valid" and crop_px < SSIM_PX:
        faults.append(
            f"loss.ssim_padding: valid needs crops of at least {SSIM_PX} px, the window, got "
            f"{crop_px}; raise data.crop or use reflect"
        )
    faults += _reference_faults(full)
    shape = _level_faults(full)
    if shape or full["gradient_weight"] == 0:
        return faults + shape
    return faults + _side_faults(full, crop_px)


def _name_faults(full: Mapping[str, Any]) -> list[str]:
    faults = [
        f"loss.{name}: {full[name]!r} is unknown; {nearest(str(full[name]), known)}"
        for name, known in names().items()
        if full[name] not in known and not (name in OR_NUMBERS and not isinstance(full[name], str))
    ]
    if faults:
        return faults
    has_one_response = is_laplacian(full["operator"])
    if has_one_response and full["components"] not in ("scalar", DEFAULTS["components"]):
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


def _number_faults(full: Mapping[str, Any]) -> list[str]:
    faults = [
        f"loss.{name}: must be a finite number of at least 0, got {full[name]!r}"
        for name in WEIGHTS
        if not is_number(full[name]) or full[name] < 0
    ]
    if all(full[name] == 0 for name in WEIGHTS):
        faults.append(
            f"loss: {', '.join(WEIGHTS)} are all 0, so nothing would be trained; raise one"
        )
    faults += [
        f"loss.{name}: must be a finite number above 0, got {full[name]!r}"
        for name in ("gate_slope", "knee", "target_exponent")
        if not is_number(full[name]) or full[name] <= 0
    ]
    growth = full["weight_growth"]
    if not is_number(growth) or not 0 < growth <= LARGEST_GROWTH:
        faults.append(
            f"loss.weight_growth: must be above 0 and at most {LARGEST_GROWTH:g}, got {growth!r}"
        )
    return faults


def _warmup_faults(full: Mapping[str, Any], steps: int | None) -> list[str]:
    warmup = full["warmup_steps"]
    if not isinstance(warmup, int) or isinstance(warmup, bool) or warmup < 0:
        return [f"loss.warmup_steps: must be a whole number of at least 0, got {warmup!r}"]
    if warmup == 0 or full["gradient_weight"] == 0:
        return []
    if full["intensity_weight"] == 0 and full["ssim_weight"] == 0:
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


def _level_faults(full: Mapping[str, Any]) -> list[str]:
    levels, ratio = full["levels"], full["ratio"]
    if not isinstance(levels, int) or isinstance(levels, bool) or not 1 <= levels <= MOST_LEVELS:
        return [f"loss.levels: must be a whole number from 1 to {MOST_LEVELS}, got {levels!r}"]
    faults = []
    if not is_number(ratio) or not 0 < ratio < 1:
        faults.append(f"loss.ratio: must lie in (0, 1), got {ratio!r}; the paper uses 0.5")
    faults += _list_faults("weights", full["weights"], levels, "equal, geometric")
    faults += _list_faults("scales", full["scales"], levels, "powers")
    if faults or isinstance(full["scales"], str):
        return faults
    scales = list(full["scales"])
    if not all(0 < scale <= 1 for scale in scales) or scales != sorted(set(scales), reverse=True):
        faults.append(
            f"loss.scales: must fall, each in (0, 1] of full size, got {scales!r}; for example "
            "[1, 0.5, 0.25]"
        )
    return faults


def _list_faults(name: str, value: Any, levels: int, words: str) -> list[str]:
    if isinstance(value, str):
        return []
    if not isinstance(value, list | tuple) or not all(is_number(v) and v >= 0 for v in value):
        return [f"loss.{name}: needs {words} or finite numbers of at least 0, got {value!r}"]
    if len(value) != levels:
        return [f"loss.{name}: has {len(value)} numbers for {levels} levels; give one a level"]
    if sum(value) <= 0:
        return [f"loss.{name}: their sum must be above 0"]
    return []


def _side_faults(full: Mapping[str, Any], crop_px: int) -> list[str]:
    kept = canonical(full)
    levels = kept.get("levels", full["levels"])
    scales = level_scales(
        kept.get("scales", "powers"), levels=levels, ratio=kept.get("ratio", full["ratio"])
    )
    smallest = level_side(crop_px, scale=scales[-1])
    if smallest >= SMALLEST_PX:
        return []
    return [
        f"loss.levels: level {len(scales)} of a {crop_px} px crop at scale {scales[-1]:.4g} has "
        f"{smallest} px, below {SMALLEST_PX} it is mostly frame; use fewer levels, a larger ratio "
        "or a larger data.crop"
    ]
