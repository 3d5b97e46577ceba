"""Zhao's quality index: whether the fused image has its edges and corners where the sources do."""

from typing import ClassVar

import torch
import torch.nn.functional as nnf
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.gaussian import smooth
from ablate.metrics.phase_congruency import phase_congruency
from ablate.metrics.protocol import Protocol

_FEATURE = 0.1  # phase congruency above which a pixel shows something
_WIDTH, _DEVIATION = 11, 1.5  # of the windows
_CONSTANT = 1e-4


@METRICS.register("qp")
class ZhaoQuality(Metric):
    """Correlation of phase congruency and of both its moments with those of the sources.

    In every window the fused image is compared with each source and with the source of the larger
    congruency; the best counts. The three means, over pixels with features, are multiplied.
    """

    label: ClassVar[str] = "Qp"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    source: ClassVar[str] = "Zhao et al. 2007; zhengliu6699/imageFusionMetrics metricZhao.m"
    minimum_side: ClassVar[int] = 11

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the product; NaN where an image is constant or no source has a feature."""
        return one_by_one(images, _score).to(dtype)


def _score(images: GreyImages) -> Tensor:
    first, second = images.of_sources("qp", _congruency)
    fused = _congruency(images.fused)
    is_first = first[0] > second[0]
    seen = [first[0] > _FEATURE, second[0] > _FEATURE]
    seen.append(seen[0] | seen[1])
    product = torch.ones(images.batch, dtype=torch.float64, device=images.fused.device)
    for one, other, found in zip(first, second, fused, strict=True):
        wanted = (one, other, torch.where(is_first, one, other))
        alike = [
            torch.where(mask, _correlation(values * mask, found), 0.0)
            for mask, values in zip(seen, wanted, strict=True)
        ]
        best = torch.stack(alike).amax(0)
        product = product * best.sum((-2, -1)) / seen[2].sum((-2, -1))
    return product


def _congruency(plane: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return phase_congruency(plane.to(torch.float64))


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    """Return the correlation under each Gaussian window, zeros beyond the frame."""
    means = [_mean(plane) for plane in (one, other)]
    variances = [
        _mean(plane.square()) - mean.square()
        for plane, mean in zip((one, other), means, strict=True)
    ]
    covariance = _mean(one * other) - means[0] * means[1]
    return (covariance + _CONSTANT) / ((variances[0] * variances[1]).abs().sqrt() + _CONSTANT)


def _mean(plane: Tensor) -> Tensor:
    return smooth(nnf.pad(plane, (_WIDTH // 2,) * 4), width=_WIDTH, deviation=_DEVIATION)
