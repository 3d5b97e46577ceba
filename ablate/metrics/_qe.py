"""Piella's quality index of the images times that of their edges."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.piella import salient, salient_edges
from ablate.metrics.protocol import Protocol


@METRICS.register("qe")
class PiellaEdgeQuality(Metric):
    """Qw of the images times Qw of the magnitudes of their Prewitt responses."""

    label: ClassVar[str] = "Qe"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    source: ClassVar[str] = (
        "Piella and Heijmans 2003; zhengliu6699/imageFusionMetrics metricPeilla.m (3; Q is Qw)"
    )
    minimum_side: ClassVar[int] = 11

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the product; NaN where both sources are flat."""
        return one_by_one(images, _score).to(dtype)


def _score(images: GreyImages) -> Tensor:
    first, second = (source.to(torch.float64) for source in images.sources)
    fused = images.fused.to(torch.float64)
    return salient(first, second, fused) * salient_edges(first, second, fused)
