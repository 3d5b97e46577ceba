"""Visual information fidelity in the pixel domain."""

import functools
from collections.abc import Iterator, Sequence
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
_EPS: Final = 1e-10
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
    level = plane.sum((-2, -1), keepdim=True) / plane[0].numel()
    return plane.to(dtype).sub_(level.round().to(dtype))


def _images(plane: Tensor, *, dtype: torch.dtype) -> Iterator[tuple[int, Tensor]]:
    """Yield the width of the window and the image at every scale."""
    image = _centred(plane, dtype)
    for scale, width in enumerate(_WIDTHS):
        if scale > 0:
            image = smooth(image, width=width, step=2)
        yield width, image


def _source(plane: Tensor, *, protocol: Protocol, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """Return image, mean and variance under the window of each scale, then the information."""
    found: list[Tensor] = []
    present = torch.zeros(plane.shape[0], dtype=torch.float64, device=plane.device)
    for width, image in _images(plane, dtype=dtype):
        rows, columns = (side - width + 1 for side in image.shape[-2:])
        mean, variance = image.new_empty(2, plane.shape[0], rows, columns)
        for part in strips(rows, device=plane.device):
            some = image[..., part.start : part.stop + width - 1, :]
            mean[..., part, :], square = smooth(torch.stack([some, some * some]), width=width)
            variance[..., part, :] = _variance(square, mean[..., part, :])
            present += log_sum(variance[..., part, :] / protocol.vif_noise)
        found += [image, mean, variance]
    return (*found, present)


def _fidelity(images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
    sources = images.of_sources("vif", functools.partial(_source, protocol=protocol, dtype=dtype))
    kept = torch.zeros(2, images.batch, dtype=torch.float64, device=images.fused.device)
    for scale, (width, image) in enumerate(_images(images.fused, dtype=dtype)):
        at_scale = [source[3 * scale : 3 * scale + 3] for source in sources]
        for part in strips(image.shape[-2] - width + 1, device=image.device):
            kept += _kept(image, at_scale, part, width=width, noise=protocol.vif_noise)
    shares = [
        torch.where(source[-1] == 0, protocol.vif_of_constant_source, in_fused / source[-1])
        for source, in_fused in zip(sources, kept, strict=True)
    ]
    return (shares[0] + shares[1]).to(dtype)


def _kept(
    fused: Tensor,
    sources: Sequence[tuple[Tensor, ...]],
    part: slice,
    *,
    width: int,
    noise: float,
) -> Tensor:
    """Return the information of each source that some rows of the fused image keep, [2, batch]."""
    reach = slice(part.start, part.stop + width - 1)
    some = fused[..., reach, :]
    products = [some * image[..., reach, :] for image, _, _ in sources]
    fused_mean, square, *with_sources = smooth(
        torch.stack([some, some * some, *products]), width=width
    )
    fused_variance = _variance(square, fused_mean)
    is_textured = (fused_variance > 0).to(some.dtype)
    ratios = []
    for product, (_, mean, variance) in zip(with_sources, sources, strict=True):
        covariance = product.addcmul_(mean[..., part, :], fused_mean, value=-1)
        variance = variance[..., part, :]  # noqa: PLW2901
        # no information: a flat source (the numerator is 0), a flat fused image, an inverted one
        gain = (covariance / (variance + _EPS)).clamp_min_(0).mul_(is_textured)
        distortion = torch.addcmul(fused_variance, gain, covariance, value=-1).clamp_min_(_EPS)
        ratios.append(gain.square_().mul_(variance).div_(distortion.add_(noise)))
    return log_sum(torch.stack(ratios))


def _variance(square: Tensor, mean: Tensor) -> Tensor:
    """Return the variance of a mean square and a mean; overwrites the first."""
    variance = square.addcmul_(mean, mean, value=-1)
    return nnf.threshold(variance, _NO_VARIANCE[mean.dtype], 0.0, inplace=True)
