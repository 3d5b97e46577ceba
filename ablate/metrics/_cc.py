"""Correlation of the fused image with the sources."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.moments import correlation
from ablate.metrics.protocol import Protocol


@METRICS.register("cc")
class CorrelationCoefficient(Metric):
    """Mean of corr(infrared, fused) and corr(visible, fused)."""

    label: ClassVar[str] = "CC"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    source: ClassVar[str] = "Deshmukh and Bhosale 2010; CDDFuse utils/Evaluator.py CC"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the mean; NaN where one of the three images is constant (0/0)."""
        del protocol
        fused = images.fused.flatten(1).to(torch.float64)
        parts = [
            correlation(source.flatten(1).to(torch.float64), fused) for source in images.sources
        ]
        return ((parts[0] + parts[1]) / 2).to(dtype)
