"""Visual information fidelity for fusion: of each pixel, the source that the fused image fits."""

from typing import ClassVar, Final, NamedTuple

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.gaussian import smooth
from ablate.metrics.protocol import Protocol

_WIDTHS: Final = (17, 9, 5, 3)
_SHARES: Final = (1 / 2.15, 0.0, 0.15 / 2.15, 1 / 2.15)  # of the scales, fine to coarse
_NOISE: Final = 0.005 * 255**2
_EPS: Final = 1e-10
_CONSTANT: Final = 1e-7


class _Fidelity(NamedTuple):
    """Gain of the fused image over a source, and the information it keeps of what is there."""

    gain: Tensor
    kept: Tensor
    present: Tensor


@METRICS.register("viff")
class FusionFidelity(Metric):
    """Information of the sources that the fused image keeps, four scales weighted 1, 0, .15, 1.

    In every window only the source counts over which the fused image has the smaller gain. MEFB
    and MFIFB call it VIF.
    """

    label: ClassVar[str] = "VIFF"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, float("inf"))
    source: ClassVar[str] = "Han et al. 2013; xingchenzhang/MEFB metricsVIF.m"
    minimum_side: ClassVar[int] = 41

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the weighted share; 1 where both sources are constant."""
        return one_by_one(images, _score).to(dtype)


def _score(images: GreyImages) -> Tensor:
    planes = [plane.to(torch.float64) for plane in (*images.sources, images.fused)]
    total = torch.zeros(images.batch, dtype=torch.float64, device=images.fused.device)
    for scale, (width, weight) in enumerate(zip(_WIDTHS, _SHARES, strict=True)):
        if scale > 0:
            planes = [smooth(plane, width=width, step=2) for plane in planes]
        if weight == 0:
            continue
        first, second = (_fidelity(source, planes[2], width=width) for source in planes[:2])
        is_first = first.gain < second.gain
        kept = torch.where(is_first, first.kept, second.kept) + _CONSTANT
        present = torch.where(is_first, first.present, second.present) + _CONSTANT
        total += weight * kept.sum((-2, -1)) / present.sum((-2, -1))
    return total


def _fidelity(source: Tensor, fused: Tensor, *, width: int) -> _Fidelity:
    mean, fused_mean = (smooth(plane, width=width) for plane in (source, fused))
    variance = _variance(source, mean, width=width)
    fused_variance = _variance(fused, fused_mean, width=width)
    covariance = smooth(source * fused, width=width) - mean * fused_mean
    is_flat, is_lost = variance < _EPS, fused_variance < _EPS
    gain = covariance / (variance + _EPS)
    distortion = fused_variance - gain * covariance
    distortion = torch.where(is_flat | (gain < 0), fused_variance, distortion)
    distortion = torch.where(is_lost, 0.0, distortion).clamp_min(_EPS)
    gain = torch.where(is_flat | is_lost, 0.0, gain).clamp_min(0)
    variance = torch.where(is_flat, 0.0, variance)
    return _Fidelity(
        gain=gain,
        kept=torch.log10(1 + gain.square() * variance / (distortion + _NOISE)),
        present=torch.log10(1 + variance / _NOISE),
    )


def _variance(plane: Tensor, mean: Tensor, *, width: int) -> Tensor:
    return (smooth(plane.square(), width=width) - mean.square()).clamp_min(0)
