"""Entropy of the fused image."""

import math
from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.histogram import LEVELS, counts, entropy
from ablate.metrics.protocol import Protocol


@METRICS.register("en")
class Entropy(Metric):
    """Entropy of the 256 grey levels of the fused image, in bits; the sources play no part."""

    label: ClassVar[str] = "EN"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 8.0)
    source: ClassVar[str] = "Roberts et al. 2008; CDDFuse utils/Evaluator.py EN"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return bits per pixel; a constant image has +0."""
        count = counts(images.fused.flatten(1), bins=LEVELS)
        if protocol.en_offset == 0:
            return (entropy(count) / math.log(2)).to(dtype)
        probability = count / count.sum(-1, keepdim=True, dtype=torch.float64)
        return -(probability * torch.log2(probability + protocol.en_offset)).sum(-1).to(dtype)
