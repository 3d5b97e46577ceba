"""Mutual information of the fused image with each source, by the mean of their entropies."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.histogram import entropies, joint_counts
from ablate.metrics.protocol import Protocol
from ablate.metrics.stretched import stretched_levels, without_range


@METRICS.register("nmi")
class NormalisedMutualInformation(Metric):
    """2 MI / (entropy of the source + entropy of the fused image), added over both sources.

    Grey levels are stretched to 0..255 first.
    """

    label: ClassVar[str] = "NMI"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 2.0)
    source: ClassVar[str] = "Hossny et al. 2008; zhengliu6699/imageFusionMetrics metricMI.m, case 1"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the sum; NaN where an image has one level that is not black, or two are black."""
        fused = stretched_levels(images.fused)
        is_void = without_range(images.fused)
        total = torch.zeros(images.batch, dtype=torch.float64, device=fused.device)
        for source in images.sources:
            levels = stretched_levels(source)
            apart, together = entropies(joint_counts(levels, fused))
            total += 2 * (apart - together).clamp_min(0) / apart
            is_void |= without_range(source)
        return total.masked_fill(is_void, torch.nan).to(dtype)
