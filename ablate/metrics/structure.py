"""Luminance and contrast-structure comparison of two images under a sliding window."""

from dataclasses import dataclass
from typing import Final, Literal

import torch
import torch.nn.functional as nnf
from torch import Tensor

from ablate.metrics.gaussian import smooth, window_sum

Window = Literal["uniform", "gaussian"]
SIDE: Final[dict[Window, int]] = {"uniform": 7, "gaussian": 11}
_DEVIATION: Final = 1.5
_LUMINANCE, _STRUCTURE = 0.01, 0.03  # K1 and K2


@dataclass(frozen=True, slots=True, kw_only=True)
class Windowed:
    """An image with its mean and variance under every window."""

    image: Tensor
    mean: Tensor
    variance: Tensor


def windowed(
    plane: Tensor, *, window: Window, padding: Literal["none", "replicate"] = "none"
) -> Windowed:
    """Return the image with its moments under each window.

    Args:
        plane: Grey levels of any type, [batch, height, width].
        window: "uniform" 7x7 with sample variances, or "gaussian" 11x11 of sigma 1.5.
        padding: "replicate" repeats the frame so that every pixel has a window.
    """
    image = plane.to(torch.float64)
    if padding == "replicate":
        half = SIDE[window] // 2
        image = nnf.pad(image[:, None], (half,) * 4, mode="replicate")[:, 0]
    mean = _mean(image, window)
    variance = _covariance(_mean(image.square(), window), mean, mean, window)
    return Windowed(image=image, mean=mean, variance=variance)


def compared(
    one: Windowed, other: Windowed, *, window: Window, value_range: float
) -> tuple[Tensor, Tensor]:
    """Return the mean of SSIM and of its contrast-structure factor over all windows, [batch].

    Args:
        one: An image and its moments.
        other: The image to compare with, moments under the same window.
        window: That window.
        value_range: L of the two constants (0.01 L)^2 and (0.03 L)^2.

    Source:
        Wang et al. 2004, equations 6 and 13; Wang et al. 2003, equation 7.
    """
    first, second = (_LUMINANCE * value_range) ** 2, (_STRUCTURE * value_range) ** 2
    products = _mean(one.image * other.image, window)
    covariance = _covariance(products, one.mean, other.mean, window)
    structure = (2 * covariance + second) / (one.variance + other.variance + second)
    luminance = (2 * one.mean * other.mean + first) / (
        one.mean.square() + other.mean.square() + first
    )
    return (luminance * structure).mean((-2, -1)), structure.mean((-2, -1))


def _mean(image: Tensor, window: Window) -> Tensor:
    if window == "gaussian":
        return smooth(image, width=SIDE[window], deviation=_DEVIATION)
    side = SIDE[window]  # sums of whole numbers are exact, means of them are not
    return window_sum(image, (1.0,) * side) / side**2


def _covariance(product: Tensor, mean: Tensor, other: Tensor, window: Window) -> Tensor:
    pixels = SIDE[window] ** 2
    scale = pixels / (pixels - 1) if window == "uniform" else 1.0
    return (product - mean * other) * scale
