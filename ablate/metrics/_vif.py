"""Visual information fidelity in the pixel domain."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import torch
import torch.nn.functional as nnf
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.gaussian import smooth
from ablate.metrics.protocol import Protocol
from ablate.metrics.strips import log_sum, strips

_WIDTHS: Final = (17, 9, 5, 3)
# Scales whose maps of the sources are kept in files. Those of scale 0 are six times as large and
# cost 11 ms to compute anew for both sources of 640x480 px in float64, the others 9 ms.
_KEPT: Final = (1, 2)
_EPS: Final = 1e-10
# Below it a variance counts as none. The reference has 1e-10; float32 rounds away more than that,
# and a gain over a variance of pure rounding error has no bound.
_NO_VARIANCE: Final = {torch.float64: 1e-10, torch.float32: 1e-4}


@dataclass(frozen=True, slots=True)
class _Moments:
    """Moments of some sources under the windows of some rows, each [sources, batch, rows, columns].

    `information` is what the sources hold there, in nats, [sources, batch].
    """

    mean: Tensor
    variance: Tensor
    information: Tensor


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
    level = plane.sum((-2, -1), keepdim=True) / plane[0].numel()
    return plane.to(dtype).sub_(level.round().to(dtype))


def _images(plane: Tensor, *, dtype: torch.dtype) -> Iterator[tuple[int, Tensor]]:
    """Yield the width of the window and the image at every scale."""
    image = _centred(plane, dtype)
    for scale, width in enumerate(_WIDTHS):
        if scale > 0:
            image = smooth(image, width=width, step=2)
        yield width, image


def _coarse(plane: Tensor, *, protocol: Protocol, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """Return image, mean and variance of each scale in `_KEPT`, then their information."""
    found: list[Tensor] = []
    present = torch.zeros(plane.shape[0], dtype=torch.float64, device=plane.device)
    for scale, (width, image) in enumerate(_images(plane, dtype=dtype)):
        if scale not in _KEPT:
            continue
        rows, columns = (side - width + 1 for side in image.shape[-2:])
        mean, variance = image.new_empty(2, plane.shape[0], rows, columns)
        for part in strips(rows, device=plane.device):
            moments = _moments([_reach(image, part, width)], width=width, noise=protocol.vif_noise)
            (mean[:, part],), (variance[:, part],) = moments.mean, moments.variance
            present += moments.information[0]
        found += [image, mean, variance]
        if scale == _KEPT[-1]:
            break
    return (*found, present)


def _fidelity(images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
    noise = protocol.vif_noise
    coarse = images.of_sources(
        "vif", functools.partial(_coarse, protocol=protocol, dtype=dtype), is_compact=True
    )
    present = torch.stack([source[-1] for source in coarse])
    kept = torch.zeros_like(present)
    at_scale = [_centred(plane, dtype) for plane in images.sources]
    for scale, (width, image) in enumerate(_images(images.fused, dtype=dtype)):
        if scale in _KEPT:
            first = 3 * _KEPT.index(scale)
            at_scale = [source[first] for source in coarse]
        elif scale > 0:
            at_scale = [smooth(source, width=width, step=2) for source in at_scale]
        for part in strips(image.shape[-2] - width + 1, device=image.device):
            sources = [_reach(source, part, width) for source in at_scale]
            if scale in _KEPT:
                mean, variance = (
                    [source[first + at][:, part] for source in coarse] for at in (1, 2)
                )
            else:
                moments = images.held(
                    ("vif", scale, part.start),
                    functools.partial(_moments, sources, width=width, noise=noise),
                )
                mean, variance = list(moments.mean), list(moments.variance)
                present = present + moments.information
            kept += _kept(
                _reach(image, part, width), sources, mean, variance, width=width, noise=noise
            )
    shares = torch.where(present == 0, protocol.vif_of_constant_source, kept / present)
    return shares.sum(0).to(dtype)


def _reach(image: Tensor, part: slice, width: int) -> Tensor:
    """Return the rows that windows at some rows of the result see."""
    return image[..., part.start : part.stop + width - 1, :]


def _moments(sources: Sequence[Tensor], *, width: int, noise: float) -> _Moments:
    smoothed = smooth(
        torch.stack([*sources, *(source * source for source in sources)]), width=width
    )
    mean, square = smoothed[: len(sources)], smoothed[len(sources) :]
    variance = _variance(square, mean)
    return _Moments(mean=mean, variance=variance, information=log_sum(variance / noise))


def _kept(
    fused: Tensor,
    sources: Sequence[Tensor],
    means: Iterable[Tensor],
    variances: Iterable[Tensor],
    *,
    width: int,
    noise: float,
) -> Tensor:
    """Return the information of each source that some rows of the fused image keep, [2, batch]."""
    products = [fused * source for source in sources]
    fused_mean, square, *with_sources = smooth(
        torch.stack([fused, fused * fused, *products]), width=width
    )
    fused_variance = _variance(square, fused_mean)
    is_textured = (fused_variance > 0).to(fused.dtype)
    ratios = []
    for product, mean, variance in zip(with_sources, means, variances, strict=True):
        covariance = product.addcmul_(mean, fused_mean, value=-1)
        # no information: a flat source (the numerator is 0), a flat fused image, an inverted one
        gain = (covariance / (variance + _EPS)).clamp_min_(0).mul_(is_textured)
        distortion = torch.addcmul(fused_variance, gain, covariance, value=-1).clamp_min_(_EPS)
        ratios.append(gain.square_().mul_(variance).div_(distortion.add_(noise)))
    return log_sum(torch.stack(ratios))


def _variance(square: Tensor, mean: Tensor) -> Tensor:
    """Return the variance of a mean square and a mean; overwrites the first."""
    variance = square.addcmul_(mean, mean, value=-1)
    return nnf.threshold(variance, _NO_VARIANCE[mean.dtype], 0.0, inplace=True)
