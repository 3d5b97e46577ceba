"""The values that no other value beats."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from ablate.stats.arrays import Floats, finite
from ablate.stats.multiplicity import holm


def best_set(scores: ArrayLike, *, alpha: float = 0.05) -> tuple[int, ...]:
    """Return the indices of the values that are beaten by no other, best mean first.

    A value is beaten where a one-sided paired t over blocks says so, corrected by Holm over all
    ordered pairs of values.

    Args:
        scores: [blocks, values], larger meaning better.
        alpha: Chance that the true best is left out.

    Raises:
        DataError: Fewer than two blocks, or a value that is not finite.

    Example:
        >>> best_set([[1.0, 5.0, 5.2], [1.1, 5.3, 5.0], [0.9, 5.1, 5.1], [1.0, 5.2, 5.4]])
        (2, 1)
    """
    y = finite(scores, what="scores")
    count = y.shape[1]
    order = np.argsort(-y.mean(axis=0), kind="stable")
    if count == 1:
        return (0,)
    rivals = [(a, b) for a in range(count) for b in range(count) if a != b]
    corrected = holm([_p_better(y[:, a] - y[:, b]) for a, b in rivals])
    beaten = {b for (_, b), p in zip(rivals, corrected, strict=True) if p < alpha}
    return tuple(int(v) for v in order if v not in beaten)


def _p_better(differences: Floats) -> float:
    """Return the one-sided p of a mean above 0."""
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    if spread == 0:
        return 0.0 if mean > 0 else 1.0
    return float(stdtr(differences.size - 1, -mean / spread * np.sqrt(differences.size)))
