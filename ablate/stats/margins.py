"""Where an interval lies against the smallest effect of interest."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from ablate.stats.arrays import Floats


def is_equivalent(*, low: float, high: float, margin: float) -> bool:
    """Return whether the whole interval lies inside +-margin.

    Source:
        Two one-sided tests, Schuirmann 1987; a 95 % interval tests at 2.5 % each side.

    Example:
        >>> is_equivalent(low=-0.1, high=0.2, margin=0.25)
        True
    """
    return -margin < low and high < margin


def is_non_inferior(*, low: float, margin: float) -> bool:
    """Return whether a difference, larger meaning better, is shown not to fall below -margin.

    Example:
        >>> is_non_inferior(low=-0.3, margin=0.25)
        False
    """
    return low > -margin


def equivalence_p(
    estimate: ArrayLike, *, se: ArrayLike, df: ArrayLike, margin: ArrayLike
) -> Floats:
    """Return the p of the claim that a difference lies inside +-margin, ready to be corrected.

    It is twice the larger p of two one-sided tests, so that it falls below alpha exactly where the
    two-sided interval that covers 1 - alpha lies inside the margin. Without any spread it is 0
    inside the margin and 1 elsewhere.

    Source:
        Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15:657.

    Example:
        >>> float(equivalence_p(0.0, se=0.1, df=10, margin=0.3).round(4))
        0.0133
    """
    mean, spread = np.asarray(estimate, dtype=np.float64), np.asarray(se, dtype=np.float64)
    nearest_end = np.asarray(margin, dtype=np.float64) - np.abs(mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(spread > 0, nearest_end / spread, np.sign(nearest_end) * math.inf)
    distance = np.where(nearest_end == 0, 0.0, distance)
    return np.asarray(np.minimum(1.0, 2 * stdtr(np.asarray(df, dtype=np.float64), -distance)))
