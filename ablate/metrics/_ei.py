"""Edge intensity of the fused image."""

from typing import ClassVar

import torch
import torch.nn.functional as nnf
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
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
    levels = images.fused.to(torch.float64)[:, None]
    padded = nnf.pad(levels, (1, 1, 1, 1), mode="replicate")[:, 0]
    down = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    across = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    right, below = down[..., 2:] - down[..., :-2], across[:, 2:] - across[:, :-2]
    return torch.hypot(right, below).mean((-2, -1))
