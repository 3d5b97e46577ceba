"""The six metrics in plain numpy and scipy, written straight from their definitions.

Dense and honest: two-dimensional windows, whole images at a time, nothing cached or reordered. They
are the oracle of the tests and the denominator of `benchmarks/metrics.py`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import convolve2d

Grey = NDArray[np.uint8]
Image = NDArray[np.floating[Any]]


def entropy(infrared: Grey, visible: Grey, fused: Grey) -> float:
    """Return the entropy of the grey levels in bits (Roberts et al. 2008)."""
    return _entropy(np.bincount(fused.ravel(), minlength=256)) / np.log(2)


def deviation(infrared: Grey, visible: Grey, fused: Grey) -> float:
    """Return the population standard deviation (Rao 1997)."""
    return float(fused.astype(np.float64).std())


def mutual_information(infrared: Grey, visible: Grey, fused: Grey) -> float:
    """Return MI with both sources, added, in nats (Qu et al. 2002)."""
    total = 0.0
    for source in (infrared, visible):
        pairs = fused.astype(np.int64) * 256 + source
        joint = np.bincount(pairs.ravel(), minlength=65536).reshape(256, 256)
        total += _entropy(joint.sum(0)) + _entropy(joint.sum(1)) - _entropy(joint)
    return total


def correlations_of_differences(infrared: Grey, visible: Grey, fused: Grey) -> float:
    """Return corr(A, F - B) + corr(B, F - A) (Aslantas and Bendes 2015)."""
    a, b, f = (image.astype(np.float64).ravel() for image in (infrared, visible, fused))
    return float(np.corrcoef(a, f - b)[0, 1] + np.corrcoef(b, f - a)[0, 1])


def visual_information_fidelity(
    infrared: Grey, visible: Grey, fused: Grey, *, dtype: type[np.floating] = np.float64
) -> float:
    """Return VIFP of both sources, added (Sheikh and Bovik 2006, pixel domain)."""
    other = fused.astype(dtype)
    return sum(vifp(source.astype(dtype), other) for source in (infrared, visible))


def vifp(source: Image, fused: Image, *, mode: str = "valid", off_centre: float = 0.0) -> float:
    """Return the share of the information in the source that the fused image keeps."""
    eps, noise, kept, present = 1e-10, 2.0, 0.0, 0.0
    for scale, width in enumerate((17, 9, 5, 3)):
        window = gaussian(width, off_centre).astype(source.dtype)
        if scale:
            source, fused = (convolve2d(image, window, mode)[::2, ::2] for image in (source, fused))
        mean, mean_fused = (convolve2d(image, window, mode) for image in (source, fused))
        variance = np.maximum(convolve2d(source**2, window, mode) - mean**2, 0)
        variance_fused = np.maximum(convolve2d(fused**2, window, mode) - mean_fused**2, 0)
        covariance = convolve2d(source * fused, window, mode) - mean * mean_fused
        gain = covariance / (variance + eps)
        rest = variance_fused - gain * covariance
        gain[(variance < eps) | (variance_fused < eps) | (gain < 0)] = 0
        rest = np.maximum(rest, eps)
        variance[variance < eps] = 0
        kept += float(np.log10(1 + gain**2 * variance / (rest + noise)).sum())
        present += float(np.log10(1 + variance / noise).sum())
    return 1.0 if present == 0 else kept / present


def gaussian(width: int, off_centre: float = 0.0) -> Image:
    """Return a normalised Gaussian window, deviation width / 5."""
    distance = np.arange(width) - (width - 1) / 2 + off_centre
    window: Image = np.exp(-(distance[:, None] ** 2 + distance**2) / (2 * (width / 5) ** 2))
    return window / window.sum()


def edge_transfer(
    infrared: Grey, visible: Grey, fused: Grey, *, dtype: type[np.floating] = np.float64
) -> float:
    """Return Qabf (Xydeas and Petrovic 2000), zero frame, ratio gF where both are equal."""
    (strength_a, angle_a), (strength_b, angle_b), (strength_f, angle_f) = (
        _edges(image.astype(dtype)) for image in (infrared, visible, fused)
    )
    found = weight = 0.0
    for strength, angle in ((strength_a, angle_a), (strength_b, angle_b)):
        weaker, stronger = np.minimum(strength, strength_f), np.maximum(strength, strength_f)
        ratio = np.where(stronger == weaker, strength_f, weaker / np.where(stronger, stronger, 1))
        alike = 1 - np.abs(angle - angle_f) / (np.pi / 2)
        of_strength = 0.9994 / (1 + np.exp(-15 * (ratio - 0.5)))
        of_angle = 0.9879 / (1 + np.exp(-22 * (alike - 0.8)))
        found += float((of_strength * of_angle * strength).sum(dtype=np.float64))
        weight += float(strength.sum(dtype=np.float64))
    return found / weight


def _edges(image: Image) -> tuple[Image, Image]:
    """Return strength and angle of the 3x3 Sobel response; x grows to the left."""
    down = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]], image.dtype)  # convolved: flipped
    grad_y, grad_x = convolve2d(image, down, "same"), convolve2d(image, -down.T, "same")
    with np.errstate(divide="ignore", invalid="ignore"):
        angle = np.where(grad_x == 0, np.pi / 2, np.arctan(grad_y / grad_x))
    return np.sqrt(grad_x**2 + grad_y**2), angle


def _entropy(count: NDArray[np.int64]) -> float:
    """Return the entropy of counts in nats."""
    share = count[count > 0] / count.sum()
    return float(-(share * np.log(share)).sum())


SIX: dict[str, Callable[..., float]] = {
    "en": entropy,
    "mi": mutual_information,
    "vif": visual_information_fidelity,
    "sd": deviation,
    "scd": correlations_of_differences,
    "qabf": edge_transfer,
}
