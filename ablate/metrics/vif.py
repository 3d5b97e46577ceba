"""Visual information fidelity in the pixel domain."""

from collections.abc import Sequence
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


def _fidelity(images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
    sources = [_centred(source, dtype) for source in images.sources]
    fused = _centred(images.fused, dtype)
    kept = [torch.zeros(images.batch, dtype=torch.float64, device=fused.device) for _ in sources]
    present = [total.clone() for total in kept]
    for scale, width in enumerate(_WIDTHS):
        if scale > 0:
            sources = [smooth(source, width=width)[..., ::2, ::2] for source in sources]
            fused = smooth(fused, width=width)[..., ::2, ::2]
        fused_mean = smooth(fused, width=width)
        fused_variance = _variance(fused, fused_mean, width)
        for index, source in enumerate(sources):
            mean = smooth(source, width=width)
            variance = _variance(source, mean, width)
            covariance = smooth(source * fused, width=width) - mean * fused_mean
            present[index] += _log_sum(variance / protocol.vif_noise)
            kept[index] += _log_sum(
                _kept_signal(variance, fused_variance, covariance, noise=protocol.vif_noise)
            )
    return _total(kept, present, protocol.vif_of_constant_source).to(dtype)


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


def _total(kept: Sequence[Tensor], present: Sequence[Tensor], of_constant: float) -> Tensor:
    parts = [
        torch.where(whole == 0, of_constant, part / whole)
        for part, whole in zip(kept, present, strict=True)
    ]
    return parts[0] + parts[1]
