"""Structural similarity to both sources, weighted window by window by what each has to show."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.metrics.contract import GreyImages
from ablate.metrics.gaussian import smooth

_DEVIATION = 1.5
_ROUNDING = 1e-9  # of a variance in squared grey levels: below it a window is flat


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """Maps of windows, [batch, rows, columns] each.

    Args:
        share: Of the first source in the variance of both; .5 where both are flat (in the code of
            the sources rounding decides there).
        saliency: The larger of the two variances.
        to_first: SSIM of the fused image to the first source.
        to_second: To the second.
        of_sources: SSIM of the sources to each other.
        with_first: Covariance of the fused image and the first source.
        with_second: With the second.
    """

    share: Tensor
    saliency: Tensor
    to_first: Tensor
    to_second: Tensor
    of_sources: Tensor
    with_first: Tensor
    with_second: Tensor

    @property
    def blend(self) -> Tensor:
        """Return the similarity to both sources, by their shares."""
        return self.share * self.to_first + (1 - self.share) * self.to_second


def weighted(
    first: Tensor, second: Tensor, fused: Tensor, *, width: int, constants: tuple[float, float]
) -> Weighted:
    """Return the maps under a Gaussian window of sigma 1.5 where it fits.

    Args:
        first: A source, float64 [batch, height, width].
        second: The other, same shape.
        fused: Same shape.
        width: Of the window in pixels.
        constants: C1 and C2 of SSIM.

    Source:
        Piella and Heijmans 2003, equations 4 and 5.
    """
    mean, variance = {}, {}
    planes = {"first": first, "second": second, "fused": fused}
    for name, plane in planes.items():
        mean[name] = smooth(plane, width=width, deviation=_DEVIATION)
        squares = smooth(plane.square(), width=width, deviation=_DEVIATION)
        variance[name] = _without_rounding(squares - mean[name].square())

    def compared(one: str, other: str) -> tuple[Tensor, Tensor]:
        """Return SSIM and the covariance."""
        products = smooth(planes[one] * planes[other], width=width, deviation=_DEVIATION)
        means = mean[one] * mean[other]
        covariance = _without_rounding(products - means)
        luminance = (2 * means + constants[0]) / (
            mean[one].square() + mean[other].square() + constants[0]
        )
        structure = (2 * covariance + constants[1]) / (
            variance[one] + variance[other] + constants[1]
        )
        return luminance * structure, covariance

    both = variance["first"] + variance["second"]
    share = torch.where(both == 0, 0.5, variance["first"] / both)
    to_first, with_first = compared("first", "fused")
    to_second, with_second = compared("second", "fused")
    of_sources, _ = compared("first", "second")
    return Weighted(
        share=share,
        saliency=torch.maximum(variance["first"], variance["second"]),
        to_first=to_first,
        to_second=to_second,
        of_sources=of_sources,
        with_first=with_first,
        with_second=with_second,
    )


def of_images(images: GreyImages, *, width: int, constants: tuple[float, float]) -> Weighted:
    """Return the maps of grey levels, infrared first; arguments as for `weighted`."""
    first, second = (source.to(torch.float64) for source in images.sources)
    return weighted(first, second, images.fused.to(torch.float64), width=width, constants=constants)


def _without_rounding(values: Tensor) -> Tensor:
    return torch.where(values.abs() < _ROUNDING, 0.0, values)
