"""Mutual information between the fused image and each source."""

import math
from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.histogram import entropies, entropy, joint_counts
from ablate.metrics.protocol import Protocol
from ablate.metrics.stretched import stretched_levels


@METRICS.register("mi")
class MutualInformation(Metric):
    """MI(fused, infrared) + MI(fused, visible), one bin per grey level, not normalised."""

    label: ClassVar[str] = "MI"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 16.0)  # bits; 11.1 in nats
    source: ClassVar[str] = "Qu et al. 2002; CDDFuse utils/Evaluator.py MI"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the sum in the unit of the protocol (nats for cddfuse-py)."""
        parts = []
        prepared = stretched_levels if protocol.mi_stretches else _as_they_are
        fused = prepared(images.fused)
        for source in images.sources:
            joint = joint_counts(fused, prepared(source))
            apart, together = entropies(joint)
            if protocol.mi_merges_white:
                together = entropy(_merged(_merged(joint).mT).flatten(1))
            parts.append((apart - together).clamp_min(0))
        total = parts[0] + parts[1]
        return (total / math.log(2) if protocol.mi_unit == "bits" else total).to(dtype)


def _as_they_are(plane: Tensor) -> Tensor:
    return plane


def _merged(joint: Tensor) -> Tensor:
    """Return the counts with rows 254 and 255 added up, as 8-bit `level + 1` does."""
    return torch.cat([joint[:, :254], joint[:, 254:].sum(1, keepdim=True)], dim=1)
