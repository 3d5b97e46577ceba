"""Ranks: the mean over metrics inside each block, and how alike two orders are."""

import numpy as np
from numpy.typing import ArrayLike

from ablate.errors import DataError
from ablate.stats.arrays import Floats


def mean_ranks(scores: ArrayLike) -> Floats:
    """Return the rank of every value in every block, averaged over the metrics, [..., values].

    Metrics of one run are not replicates, so a test over them has no meaning; the ranks of
    different blocks are, and go to the t test over blocks.

    Args:
        scores: [..., values, metrics], larger meaning better in every metric.

    Returns:
        From 1 (best) to the number of values; ties share their mean rank.

    Raises:
        DataError: A score is not finite.

    Example:
        >>> mean_ranks([[[0.9, 5.0], [0.8, 6.0], [0.1, 1.0]]]).tolist()
        [[1.5, 1.5, 3.0]]
    """
    from scipy.stats import rankdata

    y = np.asarray(scores, dtype=np.float64)
    if not np.isfinite(y).all():
        raise DataError("scores: hold values that are not finite; drop those images first")
    ranks: Floats = rankdata(-y, axis=-2).mean(axis=-1)
    return ranks


def kendall_tau(first: ArrayLike, second: ArrayLike) -> float:
    """Return Kendall's tau-a between two lists of scores: 1 same order, -1 the reverse.

    A pair that is tied in one of the lists counts 0.

    Source:
        Kendall 1938, A new measure of rank correlation, Biometrika 30.

    Example:
        >>> kendall_tau([1, 2, 3], [10, 20, 30]), kendall_tau([1, 2, 3], [3, 2, 1])
        (1.0, -1.0)
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    upper = np.triu_indices(x.size, k=1)
    agree = np.sign(np.subtract.outer(x, x)) * np.sign(np.subtract.outer(y, y))
    return float(agree[upper].mean()) if upper[0].size else 1.0
