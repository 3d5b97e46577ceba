"""Luminance and chroma of colour images: BT.601, full range, grey levels 0 to 255."""

import numpy as np
from numpy.typing import NDArray

from ablate.errors import ShapeError

RED, GREEN, BLUE = 0.299, 0.587, 0.114
NEUTRAL = 128.0  # chroma of a grey pixel


def luminance(rgb: NDArray[np.number]) -> NDArray[np.float32]:
    """Return Y, in [0, 255] and not rounded, of shape (height, width).

    Args:
        rgb: (height, width, 3), grey levels 0 to 255 of any number type.

    Raises:
        ShapeError: The last axis is not the three colours.

    Source:
        ITU-R BT.601, as JPEG and the fusion literature use it (full range).

    Example:
        >>> luminance(np.full((1, 1, 3), 200)).item()
        200.0
    """
    if rgb.ndim != 3 or rgb.shape[-1] != 3:
        raise ShapeError(f"luminance: needs (height, width, 3), got {rgb.shape}")
    level = np.zeros(rgb.shape[:2])
    for channel, weight in enumerate((RED, GREEN, BLUE)):
        level += weight * rgb[..., channel].astype(np.float64)
    return level.astype(np.float32)


def rgb_to_ycbcr(rgb: NDArray[np.number]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return Y of shape (height, width) and Cb, Cr of shape (height, width, 2), not rounded.

    Args:
        rgb: (height, width, 3), grey levels 0 to 255 of any number type.

    Raises:
        ShapeError: The last axis is not the three colours.
    """
    brightness = luminance(rgb)
    blue = (rgb[..., 2] - brightness) * (0.5 / (1 - BLUE))
    red = (rgb[..., 0] - brightness) * (0.5 / (1 - RED))
    return brightness, (np.stack([blue, red], axis=-1) + NEUTRAL).astype(np.float32)


def weighted_chroma(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the chroma of two sources in one: each counts as much as it differs from grey.

    Per pixel and channel (a |a - 128| + b |b - 128|) / (|a - 128| + |b - 128|), and 128 where
    neither has colour.

    Args:
        one: Cb and Cr, (height, width, 2), 0 to 255.
        other: Same shape.

    Raises:
        ShapeError: The two shapes differ.

    Source:
        Prabhakar et al., DeepFuse, ICCV 2017, equation 6; TransMEF, fusedY2RGB.m.

    Example:
        >>> weighted_chroma(np.float32([[[138, 128]]]), np.float32([[[118, 128]]])).tolist()
        [[[128.0, 128.0]]]
        >>> weighted_chroma(np.float32([[[158, 128]]]), np.float32([[[138, 100]]])).tolist()
        [[[153.0, 100.0]]]
    """
    if one.shape != other.shape:
        raise ShapeError(f"weighted_chroma: {one.shape} and {other.shape}; use one size")
    a, b = (chroma.astype(np.float64) - NEUTRAL for chroma in (one, other))
    weights = np.abs(a) + np.abs(b)
    found = np.divide(
        a * np.abs(a) + b * np.abs(b), weights, out=np.zeros_like(a), where=weights > 0
    )
    chroma: NDArray[np.float32] = (found + NEUTRAL).astype(np.float32)
    return chroma


def recombine(brightness: NDArray[np.number], chroma: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the RGB image of a (fused) luminance and the sources' chroma, clipped and rounded.

    Args:
        brightness: Y, (height, width), 0 to 255.
        chroma: Cb and Cr, (height, width, 2), as `rgb_to_ycbcr` returns them.

    Raises:
        ShapeError: The two sizes differ.
    """
    if chroma.shape != (*brightness.shape, 2):
        raise ShapeError(
            f"recombine: chroma {chroma.shape} does not belong to a luminance {brightness.shape}"
        )
    level = brightness.astype(np.float64)
    blue = level + (chroma[..., 0] - NEUTRAL) * (2 * (1 - BLUE))
    red = level + (chroma[..., 1] - NEUTRAL) * (2 * (1 - RED))
    green = (level - RED * red - BLUE * blue) / GREEN
    rgb = np.stack([red, green, blue], axis=-1).clip(0, 255)
    rounded: NDArray[np.uint8] = np.rint(rgb).astype(np.uint8)
    return rounded
