"""Visual information fidelity in the pixel domain."""

import functools
from dataclasses import dataclass
from typing import ClassVar, Final

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.gaussian import smooth
from ablate.metrics.protocol import Protocol

_WIDTHS: Final = (17, 9, 5, 3)
# Below it a variance counts as none. The reference has 1e-10; float32 rounds away more than that,
# and a gain over a variance of pure rounding error has no bound.
_NO_VARIANCE: Final = {torch.float64: 1e-10, torch.float32: 1e-4}


@METRICS.register("vif")
class VisualInformationFidelity(Metric):
    """VIFP(infrared, fused) + VIFP(visible, fused): the source is the reference, four scales."""

    label: ClassVar[str] = "VIF"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, float("inf"))
    source: ClassVar[str] = "Sheikh and Bovik 2006 (pixel domain); CDDFuse utils/Evaluator.py VIFF"
    minimum_side: ClassVar[int] = 41

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the sum; a constant source counts 1 (see `flags`), a constant fused image 0."""
        if images.fused.is_cuda:
            return _fidelity(images, protocol=protocol, dtype=dtype)
        # one image at a time stays in the cache and makes values independent of the batch
        parts = [
            _fidelity(images[index], protocol=protocol, dtype=dtype)
            for index in range(images.batch)
        ]
        return torch.cat(parts)


def _centred(plane: Tensor, dtype: torch.dtype) -> Tensor:
    # Variances do not see a constant; taking a whole level away keeps them accurate.
    level = plane.to(torch.float64).mean((-2, -1), keepdim=True).round()
    return (plane.to(torch.float64) - level).to(dtype)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """One image at one scale, with its mean and variance under the window."""

    image: Tensor
    mean: Tensor
    variance: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A source at four scales, and the information in it."""

    scales: tuple[_Scale, ...]
    present: Tensor


def _scales(plane: Tensor, *, dtype: torch.dtype) -> tuple[_Scale, ...]:
    image = _centred(plane, dtype)
    found: list[_Scale] = []
    for scale, width in enumerate(_WIDTHS):
        if scale > 0:
            image = smooth(image, width=width)[..., ::2, ::2]
        mean = smooth(image, width=width)
        found.append(_Scale(image=image, mean=mean, variance=_variance(image, mean, width)))
    return tuple(found)


def _source(plane: Tensor, *, protocol: Protocol, dtype: torch.dtype) -> _Source:
    scales = _scales(plane, dtype=dtype)
    parts = [_log_sum(scale.variance / protocol.vif_noise) for scale in scales]
    return _Source(scales=scales, present=torch.stack(parts).sum(0))


def _fidelity(images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
    sources = images.of_sources("vif", functools.partial(_source, protocol=protocol, dtype=dtype))
    fused = _scales(images.fused, dtype=dtype)
    parts = [_kept(source, fused, protocol=protocol) for source in sources]
    return (parts[0] + parts[1]).to(dtype)


def _kept(source: _Source, fused: tuple[_Scale, ...], *, protocol: Protocol) -> Tensor:
    """Return the share of the information in the source that the fused image keeps."""
    kept = torch.zeros_like(source.present)
    for width, one, other in zip(_WIDTHS, source.scales, fused, strict=True):
        covariance = smooth(one.image * other.image, width=width) - one.mean * other.mean
        kept += _log_sum(
            _kept_signal(one.variance, other.variance, covariance, noise=protocol.vif_noise)
        )
    constant = protocol.vif_of_constant_source
    return torch.where(source.present == 0, constant, kept / source.present)


def _variance(image: Tensor, mean: Tensor, width: int) -> Tensor:
    variance = smooth(image * image, width=width) - mean * mean
    return variance.masked_fill_(variance < _NO_VARIANCE[image.dtype], 0)


def _kept_signal(
    variance: Tensor, fused_variance: Tensor, covariance: Tensor, *, noise: float
) -> Tensor:
    """Return the ratio of signal to noise that the fused image keeps of the source."""
    eps = 1e-10
    gain = covariance / (variance + eps)
    # no information: a flat source, a flat fused image, or an inverted one
    gain.masked_fill_((variance == 0) | (fused_variance == 0) | (gain < 0), 0)
    distortion = (fused_variance - gain * covariance).clamp_min_(eps)
    return gain.square_().mul_(variance).div_(distortion.add_(noise))


def _log_sum(ratio: Tensor) -> Tensor:
    return torch.log1p(ratio).sum((-2, -1), dtype=torch.float64)
