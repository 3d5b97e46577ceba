"""Image gradient operators: horizontal and vertical response, sign kept.

All are computed separably by slices, which is faster than a convolution on a CPU, and by one
convolution where the number of operations counts. Their gain is
"raw" (the taps as published) or "unit" (a ramp of slope 1 per pixel answers 1).
"""

import functools
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.imaging.padding import pad_one
from ablate.registry import Registry

Operator = Callable[..., tuple[Tensor, ...]]
OPERATORS: Registry[Operator] = Registry("operator")


@OPERATORS.register("sobel")
def sobel(image: Tensor, *, padding: str = "zeros", gain: str = "raw") -> tuple[Tensor, Tensor]:
    """Return d/dx (grows to the right) and d/dy (grows downwards) by Sobel, sign kept.

    The raw kernel [-1 0 1; -2 0 2; -1 0 1] is not normalised: a ramp of slope 1 answers 8.

    Args:
        image: (batch, channels, height, width), float, usually in [0, 1].
        padding: "zeros" (the paper), "replicate", "reflect" or "valid".
        gain: "raw" or "unit".

    Returns:
        Two tensors of the image's shape (two pixels smaller when valid); grey levels per pixel,
        times 8 when raw.

    Raises:
        ShapeError: The image is not (batch, channels, height, width) or too small.

    Source:
        arXiv 2510.13067, with the padding of its convolution.

    Example:
        >>> import torch
        >>> ramp = torch.arange(5.0).expand(1, 1, 5, 5)
        >>> [g[0, 0, 2, 2].item() for g in sobel(ramp)]
        [8.0, 0.0]
    """
    return _smoothed(image, edge=1, centre=2, padding=padding, gain=gain)


@OPERATORS.register("taps")
def taps(image: Tensor, *, padding: str = "zeros", gain: str = "raw") -> tuple[Tensor, Tensor]:
    """Return d/dx and d/dy by a Sobel form with taps .2, 1, .2; raw, a ramp of slope 1 answers 2.8.

    Source:
        YangSun22/TC-MoA, util/fusion_loss.py, SobelxyRGB.
    """
    return _smoothed(image, edge=0.2, centre=1, padding=padding, gain=gain)


@OPERATORS.register("scharr")
def scharr(image: Tensor, *, padding: str = "zeros", gain: str = "raw") -> tuple[Tensor, Tensor]:
    """Return d/dx and d/dy by Scharr, taps 3, 10, 3; raw, a ramp of slope 1 answers 32.

    Source:
        Scharr, Optimal Operators in Digital Image Processing, 2000.
    """
    return _smoothed(image, edge=3, centre=10, padding=padding, gain=gain)


@OPERATORS.register("prewitt")
def prewitt(image: Tensor, *, padding: str = "zeros", gain: str = "raw") -> tuple[Tensor, Tensor]:
    """Return d/dx and d/dy by Prewitt, taps 1, 1, 1; raw, a ramp of slope 1 answers 6."""
    return _smoothed(image, edge=1, centre=1, padding=padding, gain=gain)


@OPERATORS.register("central")
def central(image: Tensor, *, padding: str = "zeros", gain: str = "raw") -> tuple[Tensor, Tensor]:
    """Return the difference of the two neighbours, no smoothing; raw, slope 1 answers 2."""
    framed = pad_one(image, padding)
    inner_rows, inner_columns = framed[..., 1:-1, :], framed[..., :, 1:-1]
    return _scaled(
        inner_rows[..., :, 2:] - inner_rows[..., :, :-2],
        inner_columns[..., 2:, :] - inner_columns[..., :-2, :],
        gain=gain,
        ramp=2.0,
    )


@OPERATORS.register("forward")
def forward(image: Tensor, *, padding: str = "zeros") -> tuple[Tensor, Tensor]:
    """Return the difference to the next pixel, right and below; slope 1 answers 1.

    Source:
        EPFL-VILAB/omnidata, losses/midas_loss.py, where it is taken of the residual: the same,
        since the operator is linear.
    """
    framed = pad_one(image, padding)
    middle = framed[..., 1:-1, 1:-1]
    return framed[..., 1:-1, 2:] - middle, framed[..., 2:, 1:-1] - middle


def is_launch_bound(image: Tensor) -> bool:
    """Return whether starting an operation on this image costs more than its arithmetic."""
    return image.is_cuda


def _smoothed(
    image: Tensor, *, edge: float, centre: float, padding: str, gain: str
) -> tuple[Tensor, Tensor]:
    """Return central differences, smoothed across by (edge, centre, edge)."""
    both: tuple[Tensor, Tensor]
    if is_launch_bound(image):
        both = _convolved(image, edge, centre, padding=padding)
    elif padding == "zeros":
        both = _ZeroFramed.apply(image, edge, centre)  # type: ignore[no-untyped-call]  # torch's
    else:
        framed = pad_one(image, padding)
        both = _across(framed, edge, centre), _down(framed, edge, centre)
    return _scaled(*both, gain=gain, ramp=2 * (2 * edge + centre))


def _across(framed: Tensor, edge: float, centre: float) -> Tensor:
    rows = _weighted(framed[..., :-2, :], framed[..., 1:-1, :], framed[..., 2:, :], edge, centre)
    return rows[..., :, 2:] - rows[..., :, :-2]


def _down(framed: Tensor, edge: float, centre: float) -> Tensor:
    columns = _weighted(framed[..., :-2], framed[..., 1:-1], framed[..., 2:], edge, centre)
    return columns[..., 2:, :] - columns[..., :-2, :]


def _weighted(first: Tensor, middle: Tensor, last: Tensor, edge: float, centre: float) -> Tensor:
    if edge == 1:
        return torch.add(first, middle, alpha=centre) + last
    return torch.add(edge * (first + last), middle, alpha=centre)


def _convolved(image: Tensor, edge: float, centre: float, *, padding: str) -> tuple[Tensor, Tensor]:
    """Return the same by one convolution; TF32 must be off (see `ablate.training.determinism`)."""
    framed = image if padding == "zeros" else pad_one(image, padding)
    planes = framed.reshape(-1, 1, *framed.shape[-2:])
    kernels = _kernels(edge, centre, image.dtype, image.device)
    both = F.conv2d(planes, kernels, padding=int(padding == "zeros"))
    grad_x, grad_y = both.view(*image.shape[:-2], 2, *both.shape[-2:]).unbind(-3)
    return grad_x, grad_y


@functools.cache
def _kernels(edge: float, centre: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    smooth = torch.tensor([edge, centre, edge], dtype=torch.float64)
    across = smooth[:, None] * torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
    return torch.stack([across, across.mT])[:, None].to(dtype=dtype, device=device)


class _ZeroFramed(torch.autograd.Function):
    """Both responses of an image in a frame of zeros, with the backward pass that zeros allow.

    With zeros around it each operator is its own adjoint but for the sign: the backward pass is the
    operator again instead of a pass for every slice.
    """

    @staticmethod
    def forward(ctx: Any, image: Tensor, edge: float, centre: float) -> tuple[Tensor, Tensor]:
        ctx.taps = edge, centre
        framed = pad_one(image, "zeros")
        return _across(framed, edge, centre), _down(framed, edge, centre)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        of_x, of_y = (pad_one(grad, "zeros") for grad in grads)
        return -(_across(of_x, *ctx.taps) + _down(of_y, *ctx.taps)), None, None


def _scaled(grad_x: Tensor, grad_y: Tensor, *, gain: str, ramp: float) -> tuple[Tensor, Tensor]:
    return (grad_x, grad_y) if gain == "raw" else (grad_x / ramp, grad_y / ramp)
