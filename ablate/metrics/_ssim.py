"""Structural similarity of the fused image to the sources."""

import functools
from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.protocol import Protocol
from ablate.metrics.structure import SIDE, compared, windowed


@METRICS.register("ssim")
class StructuralSimilarity(Metric):
    """SSIM(infrared, fused) and SSIM(visible, fused), added (cddfuse-py) or averaged.

    The data range decides the number: about 1.0 at range 2 and 1.3 at range 255 for the same
    images, so the protocol belongs to every value.
    """

    label: ClassVar[str] = "SSIM"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (-2.0, 2.0)
    source: ClassVar[str] = "Wang et al. 2004; CDDFuse utils/Evaluator.py SSIM (scikit-image)"
    minimum_side: ClassVar[int] = 7

    @classmethod
    def smallest_side(cls, protocol: Protocol) -> int:
        """Return the side of the window in pixels."""
        return SIDE[protocol.ssim_window]

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the sum or the mean, computed in float64 in any `dtype`."""
        window = protocol.ssim_window
        moments = functools.partial(windowed, window=window, padding=protocol.ssim_padding)
        fused = moments(images.fused)
        parts = [
            compared(source, fused, window=window, value_range=protocol.ssim_range)[0]
            for source in images.of_sources("ssim", moments)
        ]
        total = parts[0] + parts[1]
        return (total / 2 if protocol.ssim_of_sources == "mean" else total).to(dtype)
