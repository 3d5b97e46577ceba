"""What the checks of several contracts try their members with."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

SETTINGS_OF_TRAINING = ("name", "crop", "small", "limit")


class MissingError(Exception):
    """A member cannot be tried here; the text says what is missing."""


def pair(*, batch: int = 1, height_px: int = 64, width_px: int = 64, seed: int = 0) -> list[Tensor]:
    """Return made-up infrared, visible, fused: (batch, 1, height, width) in [0, 1]."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.rand(3, batch, 1, 9, 9, generator=random)
    fine = torch.rand(3, batch, 1, height_px, width_px, generator=random)
    smooth = torch.nn.functional.interpolate(
        coarse.flatten(0, 1), size=(height_px, width_px), mode="bicubic"
    )
    images = (0.8 * smooth + 0.1).view_as(fine) + 0.1 * fine
    return list(images.clamp(0, 1))


def own_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that go to the member itself."""
    return {
        name: value
        for name, value in settings.items()
        if name not in SETTINGS_OF_TRAINING and value is not None
    }


def check_settings(member: Callable[..., Any], settings: Mapping[str, Any]) -> None:
    """Raise MissingError where a member has settings without defaults and none were given."""
    needed = [
        parameter.name
        for parameter in inspect.signature(member).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and parameter.name not in (*settings, "settings")  # a settings class has all defaults
    ]
    if needed:
        raise MissingError(
            f"its settings {', '.join(needed)} have no default; name them in a study to check it"
        )
