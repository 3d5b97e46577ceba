"""Weights over the values of a factor, and the differences that they take."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ablate.errors import DataError
from ablate.stats.arrays import Floats

ROUNDING = 8 * np.finfo(np.float64).eps


def difference(scores: ArrayLike, weights: ArrayLike) -> Floats:
    """Return the contrast per block and image, [..., blocks, images].

    Args:
        scores: [..., blocks, values, images].
        weights: One per value, their sum 0.

    Returns:
        In the units of the scores; what is no larger than the rounding of the scores is 0, so
        that equal scores are never told apart by their last bits.

    Raises:
        DataError: The weights do not sum to 0, or are not one per value.

    Example:
        >>> difference([[[1.0, 2.0], [4.0, 8.0]]], [-1, 1]).tolist()
        [[3.0, 6.0]]
    """
    y = np.asarray(scores, dtype=np.float64)
    c = np.asarray(weights, dtype=np.float64)
    if c.shape != (y.shape[-2],):
        raise DataError(f"contrast: {c.size} weights for {y.shape[-2]} values; give one per value")
    if abs(c.sum()) > ROUNDING * np.abs(c).sum() * c.size:
        raise DataError(f"contrast: the weights sum to {c.sum():g}, not 0; balance them")
    weighted = y * c[:, None]
    found = weighted.sum(axis=-2)
    return np.where(np.abs(found) <= ROUNDING * np.abs(weighted).sum(axis=-2), 0.0, found)


def against(*, count: int, value: int, baseline: int) -> Floats:
    """Return the weights of one value against another, by index.

    Example:
        >>> against(count=3, value=2, baseline=0).tolist()
        [-1.0, 0.0, 1.0]
    """
    weights = np.zeros(count)
    weights[value] += 1
    weights[baseline] -= 1
    return weights


def linear(positions: Sequence[float]) -> Floats:
    """Return the weights of a linear trend over unequally spaced positions.

    Its scale is that of a difference: the positive weights sum to 1, the negative ones to -1.

    Args:
        positions: Where the values stand, for example log2 of a ratio; two or more differ.

    Raises:
        DataError: Too few different positions.

    Example:
        >>> linear([0.0, 1.0, 2.0]).tolist()
        [-1.0, 0.0, 1.0]
    """
    return _polynomial(positions, degree=1)


def quadratic(positions: Sequence[float]) -> Floats:
    """Return the weights of a curve that is orthogonal to the linear trend; positive at both ends.

    Args:
        positions: Where the values stand; three or more differ.

    Raises:
        DataError: Too few different positions.

    Example:
        >>> [round(float(weight), 9) for weight in quadratic([0.0, 1.0, 2.0])]
        [0.5, -1.0, 0.5]
    """
    return _polynomial(positions, degree=2)


def interaction(first: ArrayLike, second: ArrayLike) -> Floats:
    """Return the contrast of contrasts over the cells of two factors, the second running fastest.

    Example:
        >>> interaction([-1, 1], [-1, 1]).tolist()
        [1.0, -1.0, -1.0, 1.0]
    """
    return np.asarray(np.kron(np.asarray(first), np.asarray(second)), dtype=np.float64)


def _polynomial(positions: Sequence[float], *, degree: int) -> Floats:
    x = np.asarray(positions, dtype=np.float64)
    if np.unique(x).size <= degree:
        raise DataError(
            f"trend: degree {degree} needs {degree + 1} different positions, got "
            f"{np.unique(x).size}; compare more values"
        )
    centred = (x - x.mean()) / np.ptp(x)
    basis, _ = np.linalg.qr(np.vander(centred, degree + 1, increasing=True))
    weights = basis[:, degree] * np.sign(basis[:, degree] @ centred**degree)
    weights = np.where(np.abs(weights) < ROUNDING, 0.0, weights)
    return np.asarray(weights * 2 / np.abs(weights).sum(), dtype=np.float64)
