"""One spelling per loss: the canonical form, without what has no effect; knows no torch."""

import math
from collections.abc import Mapping
from typing import Any

from ablate.losses.named import canonical_terms
from ablate.losses.presets import resolve
from ablate.numbers import is_number
from ablate.settings.loss import (
    CHOICE,
    MAGNITUDES,
    SIZE,
    STEPS,
    SUMS,
    TERM,
    is_laplacian,
    loss_settings,
    of_steps,
    takes,
)
from ablate.settings.setting import NOTHING, Setting

Settings = dict[str, Any]


def defaults(*groups: str) -> Settings:
    """Return what a section means that writes nothing, of some groups of settings or of all.

    A recorded section without a setting means what that was before the setting existed.
    """
    return {
        name: one.default if one.absent is NOTHING else one.absent
        for name, one in loss_settings().items()
        if one.group and (not groups or one.group in groups)
    }


def canonical(settings: Mapping[str, Any]) -> Settings:
    """Return the settings with defaults filled in and those without effect left out.

    What is absent is what it was before the setting existed: the section of a study or a run that
    was recorded keeps its meaning. New studies have the defaults of today written into theirs.

    A preset is written out, and two spellings of one loss are written alike: scales that are powers
    of a ratio, equal weights, weights as their share of 1, levels of weight 0. Then every setting
    goes that does not matter beside the others (`Setting.matters`); without a gradient weight, the
    whole gradient term. Settings that `check` would refuse are passed through.

    Example:
        >>> sorted(canonical({"gradient_weight": 0}))
        ['gradient_weight', 'intensity', 'intensity_weight', 'ssim_weight']
    """
    full = written_alike(settings)
    known, own = loss_settings(), of_steps()
    return {name: value for name, value in full.items() if _matters(name, known, own, full)}


def written_alike(settings: Mapping[str, Any]) -> Settings:
    """Return all settings, the preset written out, in the one spelling of what they mean."""
    return alike({**defaults(), **resolve(settings, term=defaults(TERM))})


def alike(settings: Mapping[str, Any]) -> Settings:
    """Return a whole section that names no preset in the one spelling of what it means."""
    full = dict(settings)
    full["terms"] = canonical_terms(full.get("terms"), of_gradient=_of_gradient)
    if full["gradient_weight"] == 0:
        return full
    full.update(_levels_alike(full))
    components = "scalar" if is_laplacian(full["operator"]) else full["components"]
    is_unsigned = components in MAGNITUDES or (full["sign"] == "free" and components not in SUMS)
    if full["selection"] == "signed_max" and is_unsigned:
        full["selection"] = "per_axis_max"
    if full["selection"] == "joint_max" and components != "axis_wise":  # no axes to choose apart
        full["selection"] = "per_axis_max"
    if full["lambda_policy"] == "tuned" or _is_the_papers_own(full):
        full["lambda_policy"] = "shared"
    return full


def gradient_alone(settings: Mapping[str, Any]) -> Settings:
    """Return a whole section whose only term has these settings of the gradient term."""
    return {**defaults(), **settings, "gradient_weight": 1.0, "intensity_weight": 0.0}


def _of_gradient(settings: Mapping[str, Any]) -> Settings:
    """Return the settings of a gradient term without those that have no effect."""
    found = canonical(gradient_alone(settings))
    return {name: value for name, value in found.items() if name in settings}


def _is_the_papers_own(full: Settings) -> bool:
    """Return whether the term that is matched to the paper's is the paper's."""
    if full["lambda_policy"] != "norm_matched" or full["norm"] != "none":
        return False
    unmatched, known = {**full, "lambda_policy": "shared"}, loss_settings()
    return all(
        unmatched[name] == value or not _matters(name, known, of_steps(), unmatched)
        for name, value in defaults(TERM).items()
    )


def _matters(
    name: str, known: Mapping[str, Setting], own: Mapping[str, Setting], full: Settings
) -> bool:
    """Return whether a setting has an effect beside the others, all written alike."""
    setting = known.get(name)
    if setting is None:
        return True
    if setting.group in (TERM, CHOICE, SIZE) and full["gradient_weight"] == 0:
        return False
    if name in own:
        return any(takes(step, full[step], name) for step in STEPS)
    return setting.has_effect(full)


def _levels_alike(full: Settings) -> Settings:
    """Return scales, weights and levels in the one spelling of what they mean."""
    levels, scales, weights = full["levels"], full["scales"], full["weights"]
    if not isinstance(levels, int) or any(
        not isinstance(numbers, str) and not _are_numbers(numbers, levels)
        for numbers in (scales, weights)
    ):
        return {}
    ratio = full["ratio"]
    if not isinstance(weights, str):
        last = max(index for index, weight in enumerate(weights) if weight > 0)
        levels, weights = last + 1, list(weights[: last + 1])
        scales = scales if isinstance(scales, str) else list(scales[:levels])
    if not isinstance(scales, str):
        of_scales = scales[1] if levels > 1 else ratio
        if all(abs(scale - of_scales**level) < 1e-9 for level, scale in enumerate(scales)):
            ratio, scales = of_scales, "powers"
        else:
            scales = [float(scale) for scale in scales]
    if weights == "geometric" and full["weight_growth"] == 1:
        weights = "equal"
    return {"levels": levels, "scales": scales, "weights": _shares(weights), "ratio": ratio}


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
