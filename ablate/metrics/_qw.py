"""Piella's quality index in which salient windows count more."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.piella import salient
from ablate.metrics.protocol import Protocol


@METRICS.register("qw")
class PiellaWeightedQuality(Metric):
    """Q0 in which a window counts by the larger variance of the two sources."""

    label: ClassVar[str] = "Qw"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    source: ClassVar[str] = (
        "Piella and Heijmans 2003; zhengliu6699/imageFusionMetrics metricPeilla.m, case 2"
    )
    minimum_side: ClassVar[int] = 11

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the weighted mean; NaN where both sources are flat."""
        return one_by_one(images, _score).to(dtype)


def _score(images: GreyImages) -> Tensor:
    first, second = (source.to(torch.float64) for source in images.sources)
    return salient(first, second, images.fused.to(torch.float64))
