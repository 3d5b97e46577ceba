"""Nonlinear correlation information entropy of the two sources and the fused image."""

import math
from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.histogram import LEVELS, entropies, joint_counts
from ablate.metrics.protocol import Protocol
from ablate.metrics.stretched import stretched_levels, without_range


@METRICS.register("ncie")
class NonlinearCorrelation(Metric):
    """1 minus the entropy of the eigenvalues of the three images' nonlinear correlation matrix.

    Grey levels are stretched to 0..255 first. Values of natural images lie close to .8.
    """

    label: ClassVar[str] = "NCIE"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = "Wang et al. 2008; zhengliu6699/imageFusionMetrics metricWang.m"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the share; NaN where an image has one level that is not black."""
        return one_by_one(images, _score).to(dtype)


def _score(images: GreyImages) -> Tensor:
    given = (*images.sources, images.fused)
    planes = [stretched_levels(plane) for plane in given]
    matrix = torch.eye(3, dtype=torch.float64, device=images.fused.device)
    matrix = matrix.repeat(images.batch, 1, 1)
    for row, column in ((0, 1), (0, 2), (1, 2)):
        found = _correlation(planes[row], planes[column])
        matrix[:, row, column] = matrix[:, column, row] = found
    shares = torch.linalg.eigvalsh(matrix).clamp_min(0) / 3
    spread = torch.special.entr(shares).sum(-1) / math.log(LEVELS)
    is_void = torch.stack([without_range(plane) for plane in given]).any(0)
    score: Tensor = (1 - spread).masked_fill(is_void, torch.nan)
    return score


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    apart, together = entropies(joint_counts(one, other))
    shared: Tensor = (apart - together) / math.log(LEVELS)
    return shared
