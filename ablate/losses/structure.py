"""Structural similarity of the fused image to both sources, as a loss term."""

import functools
import math
from typing import Any

import torch
from torch import Tensor, nn

from ablate.errors import ShapeError
from ablate.losses.kept import KeptForBatch

WINDOW_PX, DEVIATION_PX = 11, 1.5
LUMINANCE, CONTRAST = 0.01**2, 0.03**2  # of images in [0, 1]
SMALL = 1e-12  # kornia adds it to the denominator
Moments = tuple[Tensor, Tensor, Tensor]  # images, their local means, and their local variances


class StructuralDistance(nn.Module):
    """1 minus the mean SSIM to the two sources, in [0, 2].

    Gaussian window of 11 px and 1.5 px standard deviation, mirrored at the edge, for images in
    [0, 1]: the numbers of kornia. What depends on the sources alone is computed once per batch.

    Source:
        Wang et al., IEEE TIP 2004, equation 13; kornia.losses.ssim_loss (half the distance).

    Example:
        >>> image = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
        >>> round(float(StructuralDistance()(infrared=image, visible=image, fused=image)), 4)
        0.0
    """

    def __init__(self) -> None:
        super().__init__()
        self._kept = KeptForBatch()

    def forward(self, *, infrared: Tensor, visible: Tensor, fused: Tensor) -> Tensor:
        """Return the distance, a scalar.

        Args:
            infrared: (batch, 1, height, width) in [0, 1].
            visible: Same shape.
            fused: Same shape.

        Raises:
            ShapeError: A side is below 6 px, so that the window cannot be mirrored.
        """
        if min(fused.shape[-2:]) <= WINDOW_PX // 2:
            raise ShapeError(
                f"loss.ssim_weight: images of {tuple(fused.shape[-2:])} px are smaller than half "
                f"the window of {WINDOW_PX} px; use larger crops or ssim_weight: 0"
            )
        sources, means, variances = self._of_sources(infrared, visible)
        smooth = _smoothed(torch.cat([fused, fused.square(), fused * sources], dim=1))
        mean, square, products = smooth[:, :1], smooth[:, 1:2], smooth[:, 2:]
        covariance = products - mean * means
        variance = square - mean.square()
        similar = (2 * mean * means + LUMINANCE) * (2 * covariance + CONTRAST)
        size = (mean.square() + means.square() + LUMINANCE) * (variance + variances + CONTRAST)
        distance: Tensor = 1 - (similar / (size + SMALL)).mean()
        return distance

    def forget(self) -> None:
        """Let go of what is held of the last sources: the next call computes it anew."""
        self._kept.forget()

    def _of_sources(self, infrared: Tensor, visible: Tensor) -> Moments:
        kept: Moments = self._kept.of(_moments, infrared, visible, name="moments")
        return kept


def _moments(infrared: Tensor, visible: Tensor) -> Moments:
    sources = torch.cat([infrared, visible], dim=1)
    means, squares = _smoothed(torch.cat([sources, sources.square()], dim=1)).chunk(2, dim=1)
    return sources, means, squares - means.square()


def _smoothed(images: Tensor) -> Tensor:
    """Return the local means: along each axis the window is a banded matrix.

    Two matrix products are faster than convolutions at the sides of crops, and their backward
    passes are matrix products too.
    """
    height, width = images.shape[-2:]
    given: Any = images.dtype, images.device
    across: Tensor = images @ _window(width, *given).mT
    return _window(height, *given) @ across


@functools.lru_cache(maxsize=64)
def _window(side: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return the window as a matrix of rows that sum to 1; what lies outside is mirrored in."""
    reach = WINDOW_PX // 2
    taps = [math.exp(-((at / DEVIATION_PX) ** 2) / 2) for at in range(-reach, reach + 1)]
    matrix = torch.zeros(side, side, dtype=torch.float64)
    for row in range(side):
        for at, tap in enumerate(taps, start=row - reach):
            inside = -at if at < 0 else 2 * (side - 1) - at if at >= side else at
            matrix[row, inside] += tap / math.fsum(taps)
    return matrix.to(dtype=dtype, device=device)
