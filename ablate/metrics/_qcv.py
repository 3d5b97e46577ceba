"""Chen and Varshney's quality: the visible error to each source, where that has edges."""

import functools
from typing import ClassVar

import torch
import torch.nn.functional as nnf
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.contrast_sensitivity import filtered, frequencies
from ablate.metrics.edges import edge_strength
from ablate.metrics.protocol import Protocol
from ablate.metrics.stretched import stretched

_SIDE = 16  # pixels of a block
_POWER = 5  # of the edge strength that weighs a block
_DEGREES = 8  # cycles per degree at Nyquist are side / 8


@METRICS.register("qcv")
class ChenVarshneyQuality(Metric):
    """Mean squared error to each source after contrast sensitivity, in blocks of 16 pixels."""

    label: ClassVar[str] = "Qcv"
    better: ClassVar[Direction] = "lower"
    range: ClassVar[tuple[float, float]] = (0.0, 255.0**2)
    source: ClassVar[str] = (
        "Chen and Varshney 2007; zhengliu6699/imageFusionMetrics metricChen.m (VIFB metricsQcv.m)"
    )

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return squared grey levels; NaN where no source has an edge, or one has one level."""
        return one_by_one(images, _score).to(dtype)


def _score(images: GreyImages) -> Tensor:
    fused = stretched(images.fused)
    response = _sensitivity(*images.side, images.fused.device)
    lost = torch.zeros(images.batch, dtype=torch.float64, device=fused.device)
    weight = torch.zeros_like(lost)
    for levels, edges in images.of_sources("qcv", _weighed):
        error = _blocks(filtered(levels - fused, response).square()) / _SIDE**2
        lost += (edges * error).sum((-2, -1))
        weight += edges.sum((-2, -1))
    return lost / weight


def _weighed(plane: Tensor) -> tuple[Tensor, Tensor]:
    """Return stretched levels, and the weight of each block of them."""
    levels = stretched(plane)
    strength = edge_strength(levels, middle=2, frame="constant")
    return levels, _blocks(strength**_POWER)


def _blocks(values: Tensor) -> Tensor:
    """Return sums over blocks of 16x16; the last ones are filled up with zeros."""
    height, width = values.shape[-2:]
    padded = nnf.pad(values, (0, -width % _SIDE, 0, -height % _SIDE))
    return nnf.avg_pool2d(padded, _SIDE) * _SIDE**2


@functools.lru_cache(maxsize=8)
def _sensitivity(height: int, width: int, device: torch.device) -> Tensor:
    """Return the contrast sensitivity of Mannos and Sakrison."""
    down, across = frequencies(height, width, device)
    distance = torch.hypot(down * (height / _DEGREES), across * (width / _DEGREES))
    return 2.6 * (0.0192 + 0.144 * distance) * torch.exp(-((0.144 * distance) ** 1.1))
