"""Structural similarity of the fused image to both sources, as a loss term."""

import functools
import math
from typing import Any

import torch
from torch import Tensor, nn

from ablate.errors import ShapeError
from ablate.imaging.gradients import sobel
from ablate.losses.kept import KeptForBatch

WINDOW_PX, DEVIATION_PX = 11, 1.5
LUMINANCE, CONTRAST = 0.01**2, 0.03**2  # of images in [0, 1]
SMALL = 1e-12  # kornia adds it to the denominator
Moments = tuple[Tensor, Tensor, Tensor, Tensor]  # images, local means and variances, shares


class StructuralDistance(nn.Module):
    """1 minus the SSIM of the fused image to the sources, in [0, 2].

    Gaussian window of 11 px and 1.5 px standard deviation, for images in [0, 1]; with its defaults
    the numbers of kornia. What depends on the sources alone is computed once per batch.

    Args:
        to: "both": the mean of the SSIM to each source; "by_gradient": weighted by the share of
            each in the sum of their mean Sobel magnitudes; "max": to the larger of the two.
        padding: "reflect": windows are mirrored at the edge; "zeros": they reach into a black
            frame; "valid": only windows that lie inside.

    Source:
        Wang et al., IEEE TIP 2004, equation 13; kornia.losses.ssim_loss (half the distance).
        models/loss_vif.py of Linfeng-Tang/SwinFusion at ceeec3f (by_gradient, zeros);
        losses/__init__.py of tthinking/DATFuse at 0cd93f1 (max, valid); util/fusion_loss.py of
        YangSun22/TC-MoA at 48e4a54 (both, zeros).

    Example:
        >>> image = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
        >>> round(float(StructuralDistance()(infrared=image, visible=image, fused=image)), 4)
        0.0
    """

    def __init__(self, *, to: str = "both", padding: str = "reflect") -> None:
        super().__init__()
        self._to, self._padding = to, padding
        self._kept = KeptForBatch()

    def forward(self, *, infrared: Tensor, visible: Tensor, fused: Tensor) -> Tensor:
        """Return the distance, a scalar.

        Args:
            infrared: (batch, 1, height, width) in [0, 1].
            visible: Same shape.
            fused: Same shape.

        Raises:
            ShapeError: The images are too small for the window.
        """
        least = WINDOW_PX if self._padding == "valid" else WINDOW_PX // 2 + 1
        if min(fused.shape[-2:]) < least:
            raise ShapeError(
                f"loss.ssim_weight: images of {tuple(fused.shape[-2:])} px are too small for the "
                f"window of {WINDOW_PX} px; use crops of at least {least} px or ssim_weight: 0"
            )
        sources, means, variances, shares = self._of_sources(infrared, visible)
        smooth = self._smoothed(torch.cat([fused, fused.square(), fused * sources], dim=1))
        mean, square, products = smooth[:, :1], smooth[:, 1:2], smooth[:, 2:]
        covariance = products - mean * means
        variance = square - mean.square()
        similar = (2 * mean * means + LUMINANCE) * (2 * covariance + CONTRAST)
        size = (mean.square() + means.square() + LUMINANCE) * (variance + variances + CONTRAST)
        similarity = (similar / (size + SMALL)).mean(dim=(0, 2, 3))  # one to each source
        distance: Tensor = 1 - (similarity * shares).sum()
        return distance

    def forget(self) -> None:
        """Release what is cached of the last sources; the next call computes it again."""
        self._kept.forget()

    def _of_sources(self, infrared: Tensor, visible: Tensor) -> Moments:
        kept: Moments = self._kept.of(self._moments, infrared, visible, name="moments")
        return kept

    def _moments(self, infrared: Tensor, visible: Tensor) -> Moments:
        sources = torch.cat([infrared, visible], dim=1)
        shares = sources.new_tensor([0.5, 0.5])
        if self._to == "by_gradient":
            shares = gradient_shares(infrared, visible)
        if self._to == "max":
            sources, shares = torch.maximum(infrared, visible), sources.new_ones(1)
        smooth = self._smoothed(torch.cat([sources, sources.square()], dim=1))
        means, squares = smooth.chunk(2, dim=1)
        return sources, means, squares - means.square(), shares

    def _smoothed(self, images: Tensor) -> Tensor:
        """Return the local means."""
        return smoothed(images, padding=self._padding)


def smoothed(
    images: Tensor,
    *,
    padding: str,
    window_px: int = WINDOW_PX,
    deviation_px: float = DEVIATION_PX,
) -> Tensor:
    """Return the local means: along each axis the window is a banded matrix.

    Two matrix products are faster than convolutions at the sides of crops, and their backward
    passes are matrix products too.

    Args:
        images: (batch, channels, height, width), float.
        padding: See `StructuralDistance`.
        window_px: Side of the Gaussian window; of an even one the middle lies right of the centre.
        deviation_px: Its standard deviation.
    """
    height, width = images.shape[-2:]
    given: Any = padding, window_px, deviation_px, images.dtype, images.device
    across: Tensor = images @ _window(width, *given).mT
    return _window(height, *given) @ across


def gradient_shares(infrared: Tensor, visible: Tensor) -> Tensor:
    """Return the share of each source in the sum of their mean Sobel magnitudes, over the batch."""
    sizes = torch.stack(
        [
            (along_x.abs() + along_y.abs()).mean()
            for along_x, along_y in (sobel(image) for image in (infrared, visible))
        ]
    )
    return sizes / sizes.sum()


@functools.lru_cache(maxsize=64)
def _window(
    side: int,
    padding: str,
    window_px: int,
    deviation_px: float,
    dtype: torch.dtype,
    device: torch.device,
) -> Tensor:
    """Return the window as a matrix, a row for each place of its centre.

    What lies outside is mirrored in, or lost to a frame of zeros.
    """
    reach = window_px // 2
    taps = [math.exp(-((at / deviation_px) ** 2) / 2) for at in range(-reach, window_px - reach)]
    matrix = torch.zeros(side, side, dtype=torch.float64)
    for row in range(side):
        for at, tap in enumerate(taps, start=row - reach):
            inside = -at if at < 0 else 2 * (side - 1) - at if at >= side else at
            if inside == at or padding == "reflect":
                matrix[row, inside] += tap / math.fsum(taps)
    if padding == "valid":
        matrix = matrix[reach : side - (window_px - reach - 1)]
    return matrix.to(dtype=dtype, device=device)
