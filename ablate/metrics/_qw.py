"""Piella's quality index in which salient windows count more."""

import functools
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.piella import salient, salient_edges
from ablate.metrics.protocol import Protocol


@METRICS.register("qw")
class PiellaWeightedQuality(Metric):
    """Q0 in which a window counts by the larger variance of the two sources.

    Under mefb and mfifb it is computed of the edges (the second factor of Qe), as their code does.
    """

    label: ClassVar[str] = "Qw"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    source: ClassVar[str] = (
        "Piella and Heijmans 2003; zhengliu6699/imageFusionMetrics metricPeilla.m, case 2"
    )
    minimum_side: ClassVar[int] = 11

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the weighted mean; NaN where both sources are flat."""
        quality = salient if protocol.qw_of == "images" else salient_edges
        return one_by_one(images, functools.partial(_score, quality=quality)).to(dtype)


def _score(images: GreyImages, *, quality: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Tensor:
    first, second = (source.to(torch.float64) for source in images.sources)
    return quality(first, second, images.fused.to(torch.float64))
