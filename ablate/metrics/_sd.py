"""Standard deviation of the fused image."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.moments import scaled_covariance
from ablate.metrics.protocol import Protocol


@METRICS.register("sd")
class StandardDeviation(Metric):
    """Population standard deviation (1/N) of the fused grey levels."""

    label: ClassVar[str] = "SD"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 127.5)
    source: ClassVar[str] = "Rao 1997; CDDFuse utils/Evaluator.py SD"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return grey levels; exactly 0 for a constant image."""
        del protocol
        fused = images.fused.flatten(1).to(torch.float64)
        return (scaled_covariance(fused, fused).sqrt() / fused.shape[-1]).to(dtype)
