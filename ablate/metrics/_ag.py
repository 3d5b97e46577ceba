"""Average gradient of the fused image."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.protocol import Protocol


@METRICS.register("ag")
class AverageGradient(Metric):
    """Mean of sqrt((dx^2 + dy^2) / 2): central differences, one-sided at the frame."""

    label: ClassVar[str] = "AG"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 4 * 255.0)  # 2x2 pixels over one interval
    source: ClassVar[str] = "Cui et al. 2015; CDDFuse utils/Evaluator.py AG"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return grey levels per pixel."""
        down, across = torch.gradient(images.fused.to(torch.float64), dim=(-2, -1))
        total = ((down.square() + across.square()) / 2).sqrt().sum((-2, -1))
        height, width = images.side
        is_all = protocol.ag_divisor == "pixels"
        return (total / (height * width if is_all else (height - 1) * (width - 1))).to(dtype)
