"""The losses as plain functions of three images, for a training loop of one's own."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from ablate.errors import ConfigError, nearest
from ablate.losses import build
from ablate.losses.total import FusionLoss, checked_images
from ablate.settings.loss import CHOICE, SIZE, TERM, loss_settings
from ablate.settings.setting import NOTHING, Setting


def gradient_loss(fused: Tensor, infrared: Tensor, visible: Tensor, **settings: Any) -> Tensor:
    """Distance of the gradients of a fused image to those of its sources, over a pyramid.

    With its defaults the multi-scale, direction-aware loss of the paper: per level (full size, a
    half, a quarter) and axis, the mean absolute difference of the Sobel response of the fused image
    to that of the source whose response is larger, sign kept; axes are added, levels averaged.
    `MultiScaleGradient` is the same as a module, which computes what depends on the sources alone
    once per batch.

    Args:
        fused: (batch, 1, height, width), floats in [0, 1].
        infrared: Same shape.
        visible: Same shape; Y of a colour image.
        **settings: Steps of the loss by their names in a study file, such as sign="free",
            levels=1 or preset="seafusion"; `help(gradient_loss)` shows them with their defaults.

    Returns:
        A scalar of at least 0, in grey levels per pixel times 8 (the Sobel kernel is not
        normalised); less is better.

    Raises:
        ConfigError: A setting is unknown or out of range, all errors together.
        ShapeError: The shapes differ, or are not one-channel batches of floats.

    Source:
        arXiv 2510.13067.

    Example:
        >>> import torch
        >>> pair = torch.rand(2, 1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
        >>> infrared, visible = pair
        >>> float(gradient_loss(visible, visible, visible))
        0.0
        >>> inverted = {"fused": 1 - visible, "infrared": visible, "visible": visible}
        >>> float(gradient_loss(**inverted, padding="replicate")) > 1
        True
        >>> float(gradient_loss(**inverted, padding="replicate", sign="free")) < 1e-6
        True
    """
    loss = _built("gradient_loss", _of_the_term, settings)
    images = checked_images(infrared=infrared, visible=visible, fused=fused)
    value: Tensor = loss.gradient(**images)
    loss.forget()
    return value


def fusion_loss(fused: Tensor, infrared: Tensor, visible: Tensor, **settings: Any) -> Tensor:
    """Weighted sum of an intensity, a gradient and an SSIM term.

    With its defaults the loss that studies train on: the mean absolute difference to the maximum of
    the sources, plus 10 times `gradient_loss`. `FusionLoss` is the same as a module.

    Args:
        fused: (batch, 1, height, width), floats in [0, 1].
        infrared: Same shape.
        visible: Same shape; Y of a colour image.
        **settings: As in `gradient_loss`, and gradient_weight, intensity, intensity_weight,
            ssim_weight, ssim_to, ssim_padding, mix. What needs calibration images (norm,
            lambda_policy) takes the module.

    Returns:
        A scalar of at least 0; less is better.

    Raises:
        ConfigError: A setting is unknown or out of range, all errors together.
        ShapeError: The shapes differ, or are not one-channel batches of floats.

    Example:
        >>> import torch
        >>> pair = torch.rand(2, 1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
        >>> float(fusion_loss(pair[0], pair[0], pair[0]))
        0.0
        >>> weights = {"gradient_weight": 0, "intensity": "mean"}
        >>> round(float(fusion_loss(pair.mean(0), pair[0], pair[1], **weights)), 6)
        0.0
    """
    loss = _built("fusion_loss", _of_the_loss, settings)
    value: Tensor = loss(infrared=infrared, visible=visible, fused=fused)
    loss.forget()
    return value


def _built(
    function: str, is_taken: Callable[[Setting], bool], settings: Mapping[str, Any]
) -> FusionLoss:
    known = [name for name, one in loss_settings().items() if is_taken(one)]
    if faults := [
        f"{function}: {name}: no such setting of it; {nearest(name, known)}"
        for name in settings
        if name not in known
    ]:
        raise ConfigError(*faults)
    plain = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    try:
        return _module(tuple(sorted(plain.items())))
    except TypeError:  # a value that cannot be hashed: `build` says what is wrong with it
        return build(settings)


@functools.lru_cache(maxsize=32)
def _module(settings: tuple[tuple[str, Any], ...]) -> FusionLoss:
    return build(dict(settings))


def _of_the_term(setting: Setting) -> bool:
    return setting.group in (TERM, CHOICE) or setting.kind == "losses.preset"


def _of_the_loss(setting: Setting) -> bool:
    return setting.group != SIZE


def _show_settings(function: Callable[..., Tensor], is_taken: Callable[[Setting], bool]) -> None:
    """Show the settings of the loss in a function's signature, for `help` and editors."""
    images = list(inspect.signature(function).parameters.values())[:3]
    settings = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if one.default is NOTHING else one.default,
        )
        for name, one in loss_settings().items()
        if is_taken(one)
    ]
    signature = inspect.Signature([*images, *settings], return_annotation=Tensor)
    vars(function)["__signature__"] = signature


_show_settings(gradient_loss, _of_the_term)
_show_settings(fusion_loss, _of_the_loss)
