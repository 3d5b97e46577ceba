"""Image gradient operators: horizontal and vertical response, sign kept."""

from collections.abc import Callable

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.errors import ConfigError, ShapeError
from ablate.registry import Registry

Operator = Callable[..., tuple[Tensor, Tensor]]
OPERATORS: Registry[Operator] = Registry("operator")
PADDINGS = {"zeros": "constant", "replicate": "replicate"}


def pad_one(image: Tensor, padding: str) -> Tensor:
    """Return the image with a frame of one pixel.

    Raises:
        ConfigError: No such padding.
    """
    if padding not in PADDINGS:
        raise ConfigError(f"loss.padding: {padding!r} is not one of {', '.join(PADDINGS)}")
    return F.pad(image, (1, 1, 1, 1), mode=PADDINGS[padding])


@OPERATORS.register("sobel")
def sobel(image: Tensor, *, padding: str = "zeros") -> tuple[Tensor, Tensor]:
    """Return d/dx (grows to the right) and d/dy (grows downwards) by Sobel, sign kept.

    The kernel [-1 0 1; -2 0 2; -1 0 1] is not normalised: a ramp of slope 1 per pixel answers 8.
    Computed separably by slices, which is faster than a convolution on a CPU.

    Args:
        image: (batch, 1, height, width), float, usually in [0, 1].
        padding: "zeros" (the paper) or "replicate".

    Returns:
        Two tensors of the image's shape; grey levels per pixel, times 8.

    Raises:
        ShapeError: The image is not (batch, channels, height, width).

    Source:
        arXiv 2510.13067, with the padding of its convolution.

    Example:
        >>> import torch
        >>> ramp = torch.arange(5.0).expand(1, 1, 5, 5)
        >>> [g[0, 0, 2, 2].item() for g in sobel(ramp)]
        [8.0, 0.0]
    """
    if image.ndim != 4:
        raise ShapeError(f"sobel: needs (batch, channels, height, width), got {tuple(image.shape)}")
    framed = pad_one(image, padding)
    smooth_y = framed[..., :-2, :] + 2 * framed[..., 1:-1, :] + framed[..., 2:, :]
    smooth_x = framed[..., :, :-2] + 2 * framed[..., :, 1:-1] + framed[..., :, 2:]
    return smooth_y[..., :, 2:] - smooth_y[..., :, :-2], smooth_x[..., 2:, :] - smooth_x[
        ..., :-2, :
    ]
