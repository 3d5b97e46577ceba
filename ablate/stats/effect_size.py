"""How large a paired difference is: Cohen's d_z, and how often one beats the other."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from ablate.stats.arrays import finite


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share in [0, 1] and its interval."""

    share: float
    low: float
    high: float


def d_z(differences: ArrayLike) -> float | None:
    """Return the mean difference over the standard deviation of the differences.

    Returns:
        Signed as the mean; 0 where all differences are 0, None where they are equal and not 0:
        no spread, no scale.

    Raises:
        DataError: Fewer than two blocks, or a value that is not finite.

    Source:
        Cohen 1988, Statistical Power Analysis, ch. 2.

    Example:
        >>> d_z([1.0, 2.0, 3.0])
        2.0
    """
    d = finite(differences, what="differences")
    spread = float(d.std(ddof=1))
    if spread > 0:
        return float(d.mean()) / spread
    return None if d.any() else 0.0


def share_better(differences: ArrayLike, *, alpha: float = 0.05) -> Share:
    """Return the share of blocks with a positive difference, ties as half, and Wilson's interval.

    Raises:
        DataError: Fewer than two blocks, or a value that is not finite.

    Source:
        Wilson 1927, Journal of the American Statistical Association 22:209.

    Example:
        >>> share_better([1.0, 2.0, -1.0, 0.0]).share
        0.625
    """
    d = finite(differences, what="differences")
    wins = float((d > 0).sum() + 0.5 * np.count_nonzero(d == 0))
    share, z2 = wins / d.size, float(ndtri(1 - alpha / 2)) ** 2 / d.size
    middle = (share + z2 / 2) / (1 + z2)
    half = math.sqrt(z2 * (share * (1 - share) + z2 / 4)) / (1 + z2)
    return Share(share=share, low=max(0.0, middle - half), high=min(1.0, middle + half))
