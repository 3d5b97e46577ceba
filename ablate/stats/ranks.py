"""Mean rank over metrics, taken inside each block: the block stays the replicate."""

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
