"""The valid names of every loss setting that takes one, read without importing torch."""

from collections.abc import Mapping

from ablate.registry import declared

PLUGGED: dict[str, tuple[tuple[str, str], ...]] = {
    "operator": (
        ("ablate.imaging.gradients", "OPERATORS"),
        ("ablate.imaging.laplacians", "LAPLACIANS"),
    ),
    "components": (("ablate.losses.components", "COMPONENTS"),),
    "selection": (("ablate.losses.selection", "SELECTIONS"),),
    "penalty": (("ablate.losses.penalty", "PENALTIES"),),
    "resampler": (("ablate.imaging.resample", "RESAMPLERS"),),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "gain": ("raw", "unit"),
    "y_axis": ("down", "up"),
    "sign": ("kept", "free"),
    "compared": ("as_is", "low_pass"),
    "selected": ("per_level", "once"),
    "ties": ("exact", "tolerant"),
    "tied_target": ("visible", "infrared"),
    "scales": ("powers",),
    "resampled_from": ("full_size", "finer_level"),
    "weights": ("equal", "geometric"),
    "padding": ("zeros", "replicate", "reflect", "valid"),
    "norm": ("none", "value", "grad"),
    "lambda_policy": ("shared", "norm_matched", "tuned"),
    "intensity": ("max", "mean", "squares"),
    "ssim_to": ("both", "by_gradient", "max"),
    "ssim_padding": ("reflect", "zeros", "valid"),
}
OR_NUMBERS = ("scales", "weights")  # take a list of one number per level as well


def names() -> dict[str, tuple[str, ...]]:
    """Return setting -> its names, in the order of their definition."""
    return {**{setting: tuple(_members(setting)) for setting in PLUGGED}, **CHOICES}


def takes(setting: str, name: object, parameter: str) -> bool:
    """Return whether the plug-in called `name` has a parameter, for example l1 a knee."""
    return parameter in _members(setting).get(str(name), ())


def is_laplacian(operator: object) -> bool:
    """Return whether an operator has one response per pixel instead of two axes."""
    return isinstance(operator, str) and operator in declared(*PLUGGED["operator"][1])


def _members(setting: str) -> Mapping[str, tuple[str, ...]]:
    return {
        name: parameters
        for module, registry in PLUGGED[setting]
        for name, parameters in declared(module, registry).items()
    }
