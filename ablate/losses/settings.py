"""The loss settings: defaults and canonical form; knows no torch."""

import math
from collections.abc import Mapping
from typing import Any

from ablate.losses.names import is_laplacian, takes
from ablate.losses.presets import resolve

OF_THE_TERM: dict[str, Any] = {  # what a published loss fixes
    "operator": "sobel",
    "gain": "raw",
    "y_axis": "down",
    "components": "axis_wise",
    "sign": "kept",
    "selection": "per_axis_max",
    "gate_slope": 4.0,
    "compared": "as_is",
    "selected": "per_level",
    "tied_target": "visible",
    "target_exponent": 1.0,
    "penalty": "l1",
    "knee": 0.1,
    "levels": 3,
    "scales": "powers",
    "ratio": 0.5,
    "resampler": "bilinear",
    "resampled_from": "full_size",
    "weights": "equal",
    "weight_growth": 1.0,
    "padding": "zeros",
}
OF_THE_CHOICE: dict[str, Any] = {"ties": "exact"}
OF_ITS_SIZE: dict[str, Any] = {"norm": "none", "lambda_policy": "shared", "warmup_steps": 0}
OF_THE_MIX: dict[str, Any] = {
    "gradient_weight": 10.0,
    "intensity": "max",
    "intensity_weight": 1.0,
    "ssim_weight": 0.0,
    "ssim_to": "both",
    "ssim_padding": "reflect",
}
DEFAULTS: dict[str, Any] = {**OF_THE_TERM, **OF_THE_CHOICE, **OF_ITS_SIZE, **OF_THE_MIX}
# Settings that came later: a section that lacks them means these, and an arm has the same identity
# with and without them.
ABSENT: dict[str, Any] = {
    "compared": "as_is",
    "tied_target": "visible",
    "target_exponent": 1.0,
    "ties": "exact",
    "ssim_to": "both",
    "ssim_padding": "reflect",
}
OF_NEW_STUDIES: dict[str, Any] = {"ties": "tolerant"}  # where that is not the default of today
OF_SIMILARITY = ("ssim_to", "ssim_padding")
WEIGHTS = ("gradient_weight", "intensity_weight", "ssim_weight")

MAGNITUDES = ("magnitude_l1", "magnitude_l2")
SUMS = ("signed_sum", "image_mean")
SAME_EVERYWHERE = ("mean", "visible", "infrared")  # selections that look at no gradient
OF_MORE_LEVELS = (
    "scales",
    "ratio",
    "resampler",
    "resampled_from",
    "weights",
    "weight_growth",
    "selected",
)
Settings = dict[str, Any]


def canonical(settings: Mapping[str, Any]) -> Settings:
    """Return the settings with defaults filled in and those without effect left out.

    What is absent is what it was before the setting existed (`ABSENT`): the section of a study or a
    run that was recorded keeps its meaning. New studies have `OF_NEW_STUDIES` written into theirs.

    A preset is written out. Magnitude has no sign and no axes to select; the signed sum has no
    axes; one level has no ratio, resampler or weights; without a gradient weight every gradient
    setting is inert; the other rules stand at the functions below. Two spellings of one loss are
    written alike: scales that are powers of a ratio, equal weights, weights as their share of 1,
    levels of weight 0. Settings that `check` would refuse are passed through.

    Example:
        >>> sorted(canonical({"gradient_weight": 0}))
        ['gradient_weight', 'intensity', 'intensity_weight', 'ssim_weight']
    """
    resolved = resolve(settings, term=OF_THE_TERM)
    full = {**DEFAULTS, **resolved}
    inert: set[str] = set()
    if full["intensity_weight"] == 0:
        inert.add("intensity")
    inert |= {
        name for name in OF_SIMILARITY if full["ssim_weight"] == 0 or full[name] == ABSENT[name]
    }
    if full["gradient_weight"] == 0:
        inert.update(OF_THE_TERM, OF_THE_CHOICE, OF_ITS_SIZE)
        return {name: value for name, value in full.items() if name not in inert}
    _write_levels_alike(full)
    inert |= _inert_of_the_pyramid(full)
    inert |= _inert_of_a_level(full)
    inert |= _inert_of_the_size(full, inert)
    if not _ties_matter(full, inert):
        inert.add("tied_target")
        if full["lambda_policy"] != "norm_matched":  # the constant has the paper's choice in it
            inert.add("ties")
    return {name: value for name, value in full.items() if name not in inert}


def _write_levels_alike(full: Settings) -> None:
    """Change scales, weights and levels into the one spelling of what they mean."""
    levels, scales, weights = full["levels"], full["scales"], full["weights"]
    if not isinstance(levels, int) or any(
        not isinstance(numbers, str) and not _are_numbers(numbers, levels)
        for numbers in (scales, weights)
    ):
        return
    if not isinstance(weights, str):
        last = max(index for index, weight in enumerate(weights) if weight > 0)
        levels, weights = last + 1, list(weights[: last + 1])
        scales = scales if isinstance(scales, str) else list(scales[:levels])
    if not isinstance(scales, str):
        ratio = scales[1] if levels > 1 else full["ratio"]
        if all(abs(scale - ratio**level) < 1e-9 for level, scale in enumerate(scales)):
            full["ratio"], scales = ratio, "powers"
        else:
            scales = [float(scale) for scale in scales]
    if weights == "geometric" and full["weight_growth"] == 1:
        weights = "equal"
    full.update(levels=levels, scales=scales, weights=_shares(weights))


def _inert_of_the_pyramid(full: Settings) -> set[str]:
    """Return what one level, or so few that recursion is the same, leaves without effect."""
    inert: set[str] = set()
    scales = full["scales"]
    is_at_full_size = not isinstance(scales, list) or scales[:1] == [1.0]
    if full["levels"] == 1:
        inert.update(OF_MORE_LEVELS)
        if not is_at_full_size:
            inert -= {"scales", "resampler", "selected"}
    if full["levels"] == 2 and is_at_full_size:
        inert.add("resampled_from")
    if scales != "powers":
        inert.add("ratio")
    if full["weights"] != "geometric":
        inert.add("weight_growth")
    return inert


def _inert_of_a_level(full: Settings) -> set[str]:
    """Return what operator, components, selection and penalty leave without effect.

    One response per pixel has no axes to choose apart. Absolute values make the signed maximum the
    maximum. Where y points matters only where axes are added or signed values compared.
    """
    inert: set[str] = set()
    components = "scalar" if is_laplacian(full["operator"]) else full["components"]
    is_unsigned = components in MAGNITUDES or (full["sign"] == "free" and components not in SUMS)
    if components == "scalar":
        inert.add("components")
    if components in (*MAGNITUDES, *SUMS):
        inert.add("sign")
    if full["selection"] == "signed_max" and is_unsigned:
        full["selection"] = "per_axis_max"
    if components != "axis_wise":
        if full["selection"] == "joint_max":
            full["selection"] = "per_axis_max"
        if full["selection"] == "per_axis_max":
            inert.add("selection")
    if full["selection"] in SAME_EVERYWHERE:
        inert.update(("selected", "compared"))
    is_compared_signed = components == "axis_wise" and full["selection"] == "signed_max"
    if components not in SUMS and not is_compared_signed:
        inert.add("y_axis")
    if not takes("selection", full["selection"], "gate_slope"):
        inert.add("gate_slope")
    if not takes("penalty", full["penalty"], "knee"):
        inert.add("knee")
    if not takes("operator", full["operator"], "gain"):
        inert.add("gain")
    return inert


def _inert_of_the_size(full: Settings, inert: set[str]) -> set[str]:
    """Return what norm and lambda policy divide out, and write "tuned" as what it computes.

    A single level that is matched to the paper's gradient has no norm of its own; where the loss is
    proportional to a power of the response the gain of the operator is divided out.
    """
    found: set[str] = set()
    if full["lambda_policy"] == "tuned":
        full["lambda_policy"] = "shared"
    term = {name: value for name, value in full.items() if name in OF_THE_TERM}
    is_papers = all(value == OF_THE_TERM[name] for name, value in term.items() if name not in inert)
    if full["lambda_policy"] == "norm_matched" and is_papers and full["norm"] == "none":
        full["lambda_policy"] = "shared"
    is_matched = full["lambda_policy"] == "norm_matched"
    if is_matched and full["levels"] == 1:
        found.add("norm")
    is_divided = is_matched or full["norm"] != "none"
    is_homogeneous = full["components"] != "magnitude_l2" and full["target_exponent"] == 1
    if is_divided and {"knee", "gate_slope"} <= inert and is_homogeneous:
        found.add("gain")
    return found


def _ties_matter(full: Settings, inert: set[str]) -> bool:
    """Return whether the choice between two equal responses can change the loss.

    Not where nothing is compared, nor where the response that is compared is the target itself:
    then the target is the same whichever source it comes from.
    """
    if not takes("selection", full["selection"], "tolerance"):
        return False
    is_elsewhere = full["selected"] == "once" and "selected" not in inert
    if full["compared"] != "as_is" or is_elsewhere:
        return True
    components = "scalar" if is_laplacian(full["operator"]) else full["components"]
    is_signed = components in SUMS or (full["sign"] == "kept" and components not in MAGNITUDES)
    return bool(full["selection"] != "signed_max") and (
        is_signed or full["selection"] != "per_axis_max"
    )


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


def _are_numbers(numbers: Any, levels: int) -> bool:
    return (
        isinstance(numbers, list | tuple)
        and len(numbers) == levels
        and all(is_number(number) and number >= 0 for number in numbers)
        and sum(numbers) > 0
    )


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number and no truth value."""
    is_right = isinstance(value, int | float) and not isinstance(value, bool)
    return is_right and math.isfinite(value)
