"""Tsallis entropy of the grey levels that each source shares with the fused image."""

from typing import ClassVar, Final

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.histogram import joint_counts
from ablate.metrics.protocol import Protocol
from ablate.metrics.stretched import stretched_levels, without_range

_ORDER: Final = 1.85  # q, Cvejic's constant


@METRICS.register("te")
class TsallisEntropy(Metric):
    """Tsallis mutual information of order 1.85 with each source, added over both.

    Grey levels are stretched to 0..255 first. Under mefb and mfifb the marginal distributions are
    exchanged, as in the published code, which makes values of several thousands.
    """

    label: ClassVar[str] = "TE"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (-2 / (_ORDER - 1), float("inf"))
    source: ClassVar[str] = "Cvejic et al. 2006; zhengliu6699/imageFusionMetrics metricMI.m, case 2"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the sum; NaN where an image has one level that is not black."""
        fused = stretched_levels(images.fused)
        is_void = without_range(images.fused)
        total = torch.zeros(images.batch, dtype=torch.float64, device=fused.device)
        for source in images.sources:
            joint = joint_counts(stretched_levels(source), fused)
            total += _shared(joint, are_exchanged=protocol.te_marginals == "exchanged")
            is_void |= without_range(source)
        return total.masked_fill(is_void, torch.nan).to(dtype)


def _shared(joint: Tensor, *, are_exchanged: bool) -> Tensor:
    """Return (sum of p(a, b)^q / (p(a) p(b))^(q - 1) - 1) / (q - 1), [batch]."""
    together = joint / joint.sum((1, 2), keepdim=True, dtype=torch.float64)
    rows, columns = together.sum(2), together.sum(1)
    if are_exchanged:
        rows, columns = columns, rows
    apart = rows[:, :, None] * columns[:, None]
    ratio = torch.where(apart > 0, together**_ORDER / apart ** (_ORDER - 1), 0.0)
    return (ratio.sum((1, 2)) - 1) / (_ORDER - 1)
