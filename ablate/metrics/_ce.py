"""Cross entropy between the grey levels of each source and of the fused image."""

import math
from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.histogram import LEVELS, counts
from ablate.metrics.protocol import Protocol


@METRICS.register("ce")
class CrossEntropy(Metric):
    """Relative entropy of a source's grey levels to those of the fused image, mean of both.

    Levels that either image lacks are left out, as in the source, so that it can fall below 0.
    """

    label: ClassVar[str] = "CE"
    better: ClassVar[Direction] = "lower"
    range: ClassVar[tuple[float, float]] = (-0.54, 64.0)  # -log2(e)/e where levels are left out
    source: ClassVar[str] = "Bulanon et al. 2009; xingchenzhang/VIFB metricsCross_entropy.m"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return bits."""
        fused = _shares(images.fused)
        parts = [_divergence(_shares(source), fused) for source in images.sources]
        return ((parts[0] + parts[1]) / 2).to(dtype)


def _shares(plane: Tensor) -> Tensor:
    found = counts(plane.flatten(1).to(torch.int32), bins=LEVELS)
    return found / found.sum(-1, keepdim=True, dtype=torch.float64)


def _divergence(source: Tensor, fused: Tensor) -> Tensor:
    is_shared = (source > 0) & (fused > 0)
    ratio = torch.where(is_shared, source / fused, 1.0)
    return (source * ratio.log()).sum(-1) / math.log(2)
