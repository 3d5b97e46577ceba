"""Structural similarity to the structure that a window of several exposures should have."""

import math
from typing import ClassVar, Final

import torch
import torch.nn.functional as nnf
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.gaussian import smooth, window_sum
from ablate.metrics.protocol import Protocol

_WIDTH, _DEVIATION = 11, 1.5  # of the windows
_PIXELS: Final = _WIDTH**2
_EXPONENTS: Final = tuple(part / 0.6305 for part in (0.0448, 0.2856, 0.3001))  # fine to coarse
_CONSTANT: Final = (0.03 * 255) ** 2
_LEAST_CONTRAST: Final = 0.001
_LARGEST_POWER: Final = 10.0
_EPS: Final = 2.0**-52


@METRICS.register("mef_ssim")
class ExposureFusionSimilarity(Metric):
    """Contrast-structure part of SSIM to the wanted window, over three scales.

    The wanted window has the contrast of the source that has more, and the structure of both,
    weighted by contrast: the more alike the two are, the more the stronger one counts. Colour
    images are scored by their luminance under every protocol.
    """

    label: ClassVar[str] = "MEF-SSIM"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = "Ma et al. 2015; xingchenzhang/MEFB mef_ms_ssim.m, mef_ssim.m"
    minimum_side: ClassVar[int] = _WIDTH * 2 ** (len(_EXPONENTS) - 1)
    is_of_luminance: ClassVar[bool] = True

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the product over the scales; a negative factor counts 0."""
        return one_by_one(images, _score).to(dtype)


def _score(images: GreyImages) -> Tensor:
    planes = torch.stack([*images.sources, images.fused]).to(torch.float64)
    product = torch.ones(images.batch, dtype=torch.float64, device=planes.device)
    for exponent in _EXPONENTS:
        product = product * _similarity(*planes).mean((-2, -1)).clamp_min(0) ** exponent
        planes = _halved(planes)
    return product


def _halved(planes: Tensor) -> Tensor:
    """Return means of 2x2 pixels; the last row and column of an odd side are repeated."""
    odd = [side % 2 for side in planes.shape[-2:]]
    return nnf.avg_pool2d(nnf.pad(planes, (0, odd[1], 0, odd[0]), mode="replicate"), kernel_size=2)


def _similarity(first: Tensor, second: Tensor, fused: Tensor) -> Tensor:
    """Return the quality of every window, [batch, rows, columns].

    Source:
        Ma et al. 2015, equations 4 to 14.
    """
    spread = {
        "first": _summed(first, first),
        "second": _summed(second, second),
        "both": _summed(first, second),
    }
    norm = [spread[name].clamp_min(0).sqrt() for name in ("first", "second")]
    added = (spread["first"] + spread["second"] + 2 * spread["both"]).clamp_min(0).sqrt()
    consistency = ((added + _EPS) / (norm[0] + norm[1] + _EPS)).clamp_max(1 - _EPS)
    power = torch.tan(math.pi / 2 * consistency).clamp_max(_LARGEST_POWER)
    contrast = [one + _LEAST_CONTRAST for one in norm]
    weight = [(one / _WIDTH) ** power + _EPS for one in contrast]
    shares = [
        part / (weight[0] + weight[1]) / one for part, one in zip(weight, contrast, strict=True)
    ]
    length = _of_blend(shares, spread["first"], spread["both"], spread["second"])
    length = length.clamp_min(0).sqrt()
    scale = torch.where(length > 0, torch.maximum(*contrast) / length, 0.0)
    wanted = _of_blend(
        shares, _weighed(first, first), _weighed(first, second), _weighed(second, second)
    )
    shared = shares[0] * _weighed(first, fused) + shares[1] * _weighed(second, fused)
    variances = scale.square() * wanted + _weighed(fused, fused)
    return (2 * scale * shared + _CONSTANT) / (variances + _CONSTANT)


def _of_blend(shares: list[Tensor], first: Tensor, both: Tensor, second: Tensor) -> Tensor:
    """Return the variance of a weighted sum of two variables."""
    one, other = shares
    return one.square() * first + 2 * one * other * both + other.square() * second


def _summed(one: Tensor, other: Tensor) -> Tensor:
    """Return the sum of products of deviations under each uniform window.

    The sums are of dyadic fractions, and exact.
    """
    taps = (1.0,) * _WIDTH
    sums = window_sum(one, taps) * window_sum(other, taps)
    return (_PIXELS * window_sum(one * other, taps) - sums) / _PIXELS


def _weighed(one: Tensor, other: Tensor) -> Tensor:
    """Return the covariance under each Gaussian window."""
    means = [smooth(plane, width=_WIDTH, deviation=_DEVIATION) for plane in (one, other)]
    return smooth(one * other, width=_WIDTH, deviation=_DEVIATION) - means[0] * means[1]
