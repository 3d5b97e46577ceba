"""From tensors of any accepted kind to grey levels 0..255, with every complaint about them."""

from typing import Final

import torch
from torch import Tensor

from ablate.errors import DataError, ShapeError
from ablate.metrics.contract import GreyImages, Memory
from ablate.metrics.protocol import Protocol

_HALF_LEVEL: Final = 0.5 / 255


def grey_images(
    *,
    infrared: Tensor,
    visible: Tensor,
    fused: Tensor,
    protocol: Protocol,
    memory: Memory | None = None,
) -> GreyImages:
    """Return the three images as uint8 grey levels.

    Args:
        infrared: uint8, or float in [0, 1], [batch, 1, height, width].
        visible: The luminance; same shape.
        fused: Same shape.
        protocol: Says how floats become grey levels.
        memory: Goes to the images as it is.

    Raises:
        ShapeError: Not four axes, not one channel, an empty batch, or unequal shapes.
        DataError: Values that are not finite, outside [0, 1], or of another type.
    """
    named = {"infrared": infrared, "visible": visible, "fused": fused}
    for name, image in named.items():
        _check_shape(name, image)
    if not infrared.shape == visible.shape == fused.shape:
        shapes = ", ".join(f"{name} {_size(image)}" for name, image in named.items())
        raise ShapeError(f"evaluate: images differ in shape: {shapes}; resize or crop them alike")
    if not infrared.device == visible.device == fused.device:
        places = ", ".join(f"{name} on {image.device}" for name, image in named.items())
        raise ShapeError(f"evaluate: images lie on different devices: {places}; move them to one")
    grey = {name: _grey_levels(name, image, protocol) for name, image in named.items()}
    return GreyImages(**grey, memory=memory)


def _size(image: Tensor) -> str:
    return "x".join(str(side) for side in image.shape)


def _check_shape(name: str, image: Tensor) -> None:
    if image.ndim != 4:
        raise ShapeError(
            f"evaluate: {name}: needs the shape batch x 1 x height x width, got {_size(image)}; "
            "add the missing axes with image[None, None]"
        )
    if image.shape[1] != 1:
        raise ShapeError(
            f"evaluate: {name}: needs one channel, got {image.shape[1]}; pass the luminance"
        )
    if image.shape[0] == 0:
        raise ShapeError(f"evaluate: {name}: the batch is empty; pass at least one image")


def _grey_levels(name: str, image: Tensor, protocol: Protocol) -> Tensor:
    plane = image.detach()[:, 0]
    if plane.dtype == torch.uint8:
        return plane.contiguous()
    if not plane.is_floating_point():
        raise DataError(
            f"evaluate: {name}: needs uint8 grey levels or floats in [0, 1], got {plane.dtype}; "
            "convert with .to(torch.uint8)"
        )
    low, high = (float(bound) for bound in torch.aminmax(plane))
    if not (low >= -_HALF_LEVEL and high <= 1 + _HALF_LEVEL):  # also false for NaN
        raise DataError(
            f"evaluate: {name}: floats must lie in [0, 1], got {low:.4g} to {high:.4g}; "
            "clamp a network's output, divide grey levels by 255"
        )
    # bfloat16 and half cannot tell 255 levels apart once multiplied
    levels = plane.to(torch.promote_types(plane.dtype, torch.float32)) * 255
    levels = levels.round() if protocol.quantise == "round" else levels.floor()
    return levels.clamp(0, 255).to(torch.uint8).contiguous()
