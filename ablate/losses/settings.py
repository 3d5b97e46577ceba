"""The loss settings: names, checks and canonical form; knows no torch."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ablate.errors import nearest
from ablate.losses.pyramid import SMALLEST_PX, level_side

NAMES: dict[str, tuple[str, ...]] = {
    "operator": ("sobel",),
    "components": ("axis_wise", "magnitude_l1", "signed_sum"),
    "sign": ("kept", "free"),
    "selection": ("per_axis_max",),
    "penalty": ("l1",),
    "resampler": ("bilinear", "antialias", "area"),
    "weights": ("equal", "geometric"),
    "padding": ("zeros", "replicate"),
    "intensity": ("max", "mean"),
}
DEFAULTS: dict[str, Any] = {
    "operator": "sobel", "components": "axis_wise", "sign": "kept", "selection": "per_axis_max",
    "penalty": "l1", "levels": 3, "ratio": 0.5, "resampler": "bilinear", "weights": "equal",
    "weight_growth": 1.0, "padding": "zeros", "gradient_weight": 10.0, "intensity": "max",
    "intensity_weight": 1.0, "ssim_weight": 0.0,
}  # fmt: skip
OF_THE_GRADIENT = (
    "operator", "components", "sign", "selection", "penalty", "levels", "ratio", "resampler",
    "weights", "weight_growth", "padding",
)  # fmt: skip
OF_THE_MIX = ("gradient_weight", "intensity_weight", "ssim_weight")
LARGEST_GROWTH = 1000.0  # beyond, only the coarsest level counts, and far beyond it overflows
OF_MORE_LEVELS = ("ratio", "resampler", "weights", "weight_growth")


def canonical(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with defaults filled in and those without effect left out.

    Magnitude has no sign and no axes to select; the signed sum has no axes; one level has no
    ratio, resampler or weights; growth belongs to geometric weights; without a gradient weight
    every gradient setting is inert. Equal geometric weights are written as equal, listed weights
    as their share of 1. Settings that `check` would refuse are passed through.

    Example:
        >>> sorted(canonical({"gradient_weight": 0}))
        ['gradient_weight', 'intensity', 'intensity_weight', 'ssim_weight']
    """
    full = {**DEFAULTS, **settings}
    inert: set[str] = set()
    if full["gradient_weight"] == 0:
        inert.update(OF_THE_GRADIENT)
    if full["intensity_weight"] == 0:
        inert.add("intensity")
    if full["levels"] == 1:
        inert.update(OF_MORE_LEVELS)
    if full["components"] == "magnitude_l1":
        inert.update(("sign", "selection"))
    if full["components"] == "signed_sum":
        inert.update(("sign", "selection"))
    if full["weights"] == "geometric" and full["weight_growth"] == 1:
        full["weights"] = "equal"
    if not _weight_faults(full["weights"], full["levels"]):
        full["weights"] = _shares(full["weights"])
    if full["weights"] != "geometric":
        inert.add("weight_growth")
    return {name: value for name, value in full.items() if name not in inert}


def check(settings: Mapping[str, Any], crop_px: int) -> list[str]:
    """Return every fault of the settings, one line each; none means that `build` will work.

    Args:
        settings: The loss section; missing names have their default.
        crop_px: Side of a training crop, in pixels.
    """
    faults = [
        f"loss.{name}: no such setting; {nearest(name, DEFAULTS)}"
        for name in settings
        if name not in DEFAULTS
    ]
    full = {**DEFAULTS, **settings}
    for name, known in NAMES.items():
        value = full[name]
        if name == "weights" and not isinstance(value, str):
            continue  # _weight_faults tells
        if value not in known:
            faults.append(f"loss.{name}: {value!r} is unknown; {nearest(str(value), known)}")
    for name in OF_THE_MIX:
        if not _is_number(full[name]) or full[name] < 0:
            faults.append(f"loss.{name}: must be a finite number of at least 0, got {full[name]!r}")
    if all(full[name] == 0 for name in OF_THE_MIX):
        faults.append(
            f"loss: {', '.join(OF_THE_MIX)} are all 0, so nothing would be trained; raise one"
        )
    levels, ratio = full["levels"], full["ratio"]
    if not isinstance(levels, int) or isinstance(levels, bool) or not 1 <= levels <= 8:
        return [*faults, f"loss.levels: must be a whole number from 1 to 8, got {levels!r}"]
    if not _is_number(ratio) or not 0 < ratio < 1:
        return [*faults, f"loss.ratio: must lie in (0, 1), got {ratio!r}; the paper uses 0.5"]
    if not _is_number(full["weight_growth"]) or not 0 < full["weight_growth"] <= LARGEST_GROWTH:
        faults.append(
            f"loss.weight_growth: must be above 0 and at most {LARGEST_GROWTH:g}, "
            f"got {full['weight_growth']!r}"
        )
    faults += _weight_faults(full["weights"], levels)
    if full["gradient_weight"] == 0:
        return faults
    smallest = level_side(crop_px, level=levels - 1, ratio=ratio)
    if smallest < SMALLEST_PX:
        faults.append(
            f"loss.levels: level {levels} of a {crop_px} px crop at ratio {ratio} has "
            f"{smallest} px, below {SMALLEST_PX} it is mostly frame; use fewer levels, a larger "
            "ratio or a larger data.crop"
        )
    return faults


def _weight_faults(weights: Any, levels: int) -> list[str]:
    if isinstance(weights, str):
        return []
    if not isinstance(weights, Sequence) or not all(_is_number(w) and w >= 0 for w in weights):
        return [
            f"loss.weights: needs equal, geometric or finite numbers of at least 0, got {weights!r}"
        ]
    if len(weights) != levels:
        return [f"loss.weights: has {len(weights)} numbers for {levels} levels; give one a level"]
    if sum(weights) <= 0:
        return ["loss.weights: their sum must be above 0"]
    return []


def _shares(weights: Any) -> Any:
    """Return "equal" for a list of equal weights, other lists as shares of 1, names unchanged.

    Shares are rounded, so that [1, 2] and [10, 20] are one arm, and shares stay as they are.
    """
    if isinstance(weights, str):
        return weights
    if len(set(weights)) == 1:
        return "equal"
    total = math.fsum(weights)
    if abs(total - 1) < 1e-9:
        return [float(weight) for weight in weights]
    return [round(weight / total, 12) for weight in weights]


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)
