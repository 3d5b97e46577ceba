"""Variances and covariances of grey levels without rounding, so that 0/0 is exactly 0/0."""

from typing import Final, Literal

import torch
from torch import Tensor

from ablate.metrics.contract import GreyImages

_EXACT_PIXELS: Final = 11_000_000  # count**2 * 255**2 stays below 2**63


def exact_covariance(first: Tensor, second: Tensor) -> Tensor:
    """Return pixel count squared times the population covariance, [batch].

    The sums are integers below 2**53 and so exact in float64; their combination is done in
    int64, and returned so, up to 11 megapixels.

    Args:
        first: Whole numbers in [-255, 255], float64 [batch, pixels].
        second: Same.
    """
    pixels = first.shape[-1]
    product: Tensor = torch.linalg.vecdot(first, second)
    sums = first.sum(-1), second.sum(-1)
    if pixels <= _EXACT_PIXELS:
        first_sum, second_sum = (total.to(torch.int64) for total in sums)
        return product.to(torch.int64) * pixels - first_sum * second_sum
    return product * pixels - sums[0] * sums[1]


def scaled_covariance(first: Tensor, second: Tensor) -> Tensor:
    """Return `exact_covariance` in float64."""
    return exact_covariance(first, second).to(torch.float64)


def correlation(first: Tensor, second: Tensor) -> Tensor:
    """Return Pearson's correlation, float64 [batch]; NaN where one of the two is constant."""
    return ratio(
        *(exact_covariance(*two) for two in ((first, second), (first, first), (second, second)))
    )


def ratio(covariance: Tensor, variance: Tensor, other_variance: Tensor) -> Tensor:
    """Return covariance over the root of both variances, float64; NaN where one of them is 0."""
    spread = variance.to(torch.float64) * other_variance.to(torch.float64)
    return covariance.to(torch.float64) / spread.sqrt()


def squared_error(images: GreyImages) -> Tensor:
    """Return the squared error of the fused image, averaged over both sources, float64 [batch]."""
    fused = images.fused.to(torch.float64)
    parts = [(source - fused).square().mean((-2, -1)) for source in images.sources]
    return (parts[0] + parts[1]) / 2


def roots_of_error(images: GreyImages, *, divisor: Literal["pixels", "pixels_twice"]) -> Tensor:
    """Return the root of the squared error against each source, mean of both, float64 [batch].

    Args:
        images: Grey levels.
        divisor: "pixels" takes the mean under the root; "pixels_twice" the sum, and divides the
            root by the number of pixels, as VIFB does.
    """
    fused = images.fused.to(torch.float64)
    parts = [(source - fused).square().mean((-2, -1)).sqrt() for source in images.sources]
    height, width = images.side
    return (parts[0] + parts[1]) / 2 / ((height * width) ** 0.5 if divisor != "pixels" else 1)
