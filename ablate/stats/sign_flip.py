"""Tests over block means that assume no distribution: exact sign flips, Wilcoxon."""

import numpy as np
from numpy.typing import ArrayLike

from ablate.stats.arrays import finite

MOST_EXACT = 16  # blocks; 2^16 flips, beyond them a fixed sample of flips
SAMPLE = 99_999
DIGITS = 12


def sign_flip(differences: ArrayLike) -> float:
    """Return the two-sided p of the mean over blocks under all sign flips.

    Args:
        differences: One per block, [blocks], at least two. Up to 16 blocks the answer is exact;
            with more it is of 99,999 flips, always the same ones.

    Raises:
        DataError: Fewer than two blocks, or a value that is not finite.

    Example:
        >>> sign_flip([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        0.03125
    """
    from scipy.stats import permutation_test

    d = finite(differences, what="differences")
    if not d.any():
        return 1.0
    scale = np.abs(d).max()  # flips that tie must tie exactly, whatever their last bits
    exact = d.size <= MOST_EXACT
    found = permutation_test(
        (d,),
        lambda x, axis: (x.mean(axis=axis) / scale).round(DIGITS),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf if exact else SAMPLE,
        batch=2**14,
        rng=np.random.default_rng(0),
    )
    return min(1.0, float(found.pvalue))


def wilcoxon(differences: ArrayLike) -> float:
    """Return the two-sided p of Wilcoxon's signed ranks over blocks; zeros are left out.

    Raises:
        DataError: Fewer than two blocks, or a value that is not finite.

    Example:
        >>> wilcoxon([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        0.03125
    """
    from scipy.stats import wilcoxon as signed_ranks

    d = finite(differences, what="differences")
    kept = d[d != 0]
    return 1.0 if kept.size == 0 else float(signed_ranks(kept).pvalue)
