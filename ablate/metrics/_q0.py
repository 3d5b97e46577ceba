"""Piella's quality index: similarity to the source that has more to show."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.piella import CONSTANTS, WIDTH
from ablate.metrics.protocol import Protocol
from ablate.metrics.weighted_structure import of_images


@METRICS.register("q0")
class PiellaQuality(Metric):
    """SSIM to each source, weighted per 11x11 window by its share of the variance, averaged."""

    label: ClassVar[str] = "Q0"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    source: ClassVar[str] = (
        "Piella and Heijmans 2003; zhengliu6699/imageFusionMetrics metricPeilla.m, case 1"
    )
    minimum_side: ClassVar[int] = 11

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the mean over all windows."""
        return one_by_one(images, _score).to(dtype)


def _score(images: GreyImages) -> Tensor:
    maps = of_images(images, width=WIDTH, constants=CONSTANTS)
    return maps.blend.mean((-2, -1))
