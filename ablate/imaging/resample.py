"""Smaller versions of an image: how one is made, and the pyramid of several.

What is linear along each axis is a matrix on both sides where launches count: two operations, each
its own adjoint, while torch has no deterministic backward pass on a GPU but a slow one.
"""

import functools
from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.errors import ConfigError
from ablate.imaging import gradients
from ablate.registry import Registry

Side = tuple[int, int]  # height and width, in pixels
Resampler = Callable[[Tensor, Side], Tensor]
RESAMPLERS: Registry[Resampler] = Registry("resampler")
TRUNCATED_AT = 4.0  # standard deviations, as scipy.ndimage cuts its Gaussian


@RESAMPLERS.register("bilinear")
def bilinear(image: Tensor, side: Side) -> Tensor:
    """Return bilinear samples, corners not aligned, no antialias (the paper).

    At a ratio of 1/4 it reads a quarter of the pixels; at 1/2 of an even side it equals area.
    """
    return _interpolated(image, side, is_wide=False)


@RESAMPLERS.register("antialias")
def antialias(image: Tensor, side: Side) -> Tensor:
    """Return bilinear samples with the triangle widened by the scale."""
    return _interpolated(image, side, is_wide=True)


@RESAMPLERS.register("area")
def area(image: Tensor, side: Side) -> Tensor:
    """Return the mean over the covered pixels."""
    return F.interpolate(image, size=side, mode="area")


@RESAMPLERS.register("gaussian")
def gaussian(image: Tensor, side: Side) -> Tensor:
    """Return bilinear samples after a Gaussian of standard deviation (1/ratio - 1)/2 pixels.

    Source:
        scikit-image, transform.resize with anti_aliasing and mode="edge".
    """
    for dim, new in zip((-2, -1), side, strict=True):
        image = _blurred(image, dim=dim, deviation_px=max(0.0, (image.shape[dim] / new - 1) / 2))
    return bilinear(image, side)


@RESAMPLERS.register("strided")
def strided(image: Tensor, side: Side) -> Tensor:
    """Return every n-th pixel from the first: pixel floor(index / ratio), nothing averaged.

    Source:
        EPFL-VILAB/omnidata, losses/midas_loss.py, takes image[:, ::n, ::n]: equal where the whole
        number n divides the side.
    """
    return F.interpolate(image, size=side, mode="nearest")


def resize(image: Tensor, side: Side, *, method: str) -> Tensor:
    """Return the image at (height, width) `side`; the image itself where that is its size.

    Args:
        image: (batch, channels, height, width).
        side: New height and width, at least 1.
        method: Name of a resampler.

    Raises:
        ConfigError: No such method.
    """
    if tuple(image.shape[-2:]) == tuple(side):
        return image
    if method not in RESAMPLERS:
        raise ConfigError(f"loss.resampler: {method!r} is not one of {', '.join(RESAMPLERS)}")
    return RESAMPLERS.get(method)(image, side)


def pyramid(
    image: Tensor, sides: Sequence[Side], *, method: str, is_recursive: bool = False
) -> Iterator[Tensor]:
    """Yield the image at each size in turn.

    Args:
        image: (batch, channels, height, width).
        sides: Height and width of the levels, finest first.
        method: Name of a resampler.
        is_recursive: Make a level from the one before instead of from full size.
    """
    source = image
    for side in sides:
        level = resize(source, side, method=method)
        yield level
        source = level if is_recursive else image


def _interpolated(image: Tensor, side: Side, *, is_wide: bool) -> Tensor:
    if gradients.is_launch_bound(image):
        height, width = image.shape[-2:]
        of_rows = _matrix(height, side[0], is_wide, image.dtype, image.device)
        of_columns = _matrix(width, side[1], is_wide, image.dtype, image.device)
        planes = image.reshape(-1, height, width)
        count = len(planes)  # matmul would copy a matrix for each of them
        small = torch.bmm(of_rows.expand(count, -1, -1), planes)
        small = torch.bmm(small, of_columns.mT.expand(count, -1, -1))
        return small.view(*image.shape[:-2], *side)
    return F.interpolate(image, size=side, mode="bilinear", align_corners=False, antialias=is_wide)


@functools.lru_cache(maxsize=64)
def _matrix(old: int, new: int, is_wide: bool, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return the (new, old) matrix that resamples one axis: what torch makes of unit impulses."""
    impulses = torch.eye(old, dtype=torch.float64)[None, None]
    with torch.no_grad():
        made = F.interpolate(
            impulses, size=(new, old), mode="bilinear", align_corners=False, antialias=is_wide
        )
    return made[0, 0].to(device, dtype)


def _blurred(image: Tensor, *, dim: int, deviation_px: float) -> Tensor:
    reach = int(TRUNCATED_AT * deviation_px + 0.5)
    if reach == 0:
        return image
    offsets = torch.arange(-reach, reach + 1, dtype=image.dtype, device=image.device)
    kernel = torch.exp(-0.5 * (offsets / deviation_px) ** 2)
    kernel = kernel / kernel.sum()
    frame = (reach, reach, 0, 0) if dim == -1 else (0, 0, reach, reach)
    shape = (1, 1, 1, 2 * reach + 1) if dim == -1 else (1, 1, 2 * reach + 1, 1)
    weight = kernel.view(shape).repeat(image.shape[1], 1, 1, 1)
    return F.conv2d(F.pad(image, frame, mode="replicate"), weight, groups=image.shape[1])
