"""Edge intensity of the fused image."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.edges import edge_strength
from ablate.metrics.protocol import Protocol


@METRICS.register("ei")
class EdgeIntensity(Metric):
    """Mean magnitude of the 3x3 Sobel response, the frame repeated."""

    label: ClassVar[str] = "EI"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 4 * 255 * 2**0.5)
    source: ClassVar[str] = "Rajalingam and Priya 2018; xingchenzhang/VIFB metricsEdge_intensity.m"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return grey levels."""
        return one_by_one(images, _score).to(dtype)


def _score(images: GreyImages) -> Tensor:
    levels = images.fused.to(torch.float64)
    return edge_strength(levels, middle=2, frame="replicate").mean((-2, -1))
