"""Tests over blocks that assume no distribution: exact sign flips, Wilcoxon, signs alone."""

import math

import numpy as np
from numpy.typing import ArrayLike

from ablate.stats.arrays import Floats, finite

MOST_EXACT = 20  # blocks; 2^20 flips, beyond them a fixed sample of flips
SAMPLE = 99_999
DIGITS = 12  # of sums: flips that tie must tie exactly, whatever their last bits


def sign_flip(differences: ArrayLike) -> float:
    """Return the two-sided p of the mean over blocks under all sign flips.

    The p of scipy's `permutation_test(permutation_type="samples")`, whose loop over flips takes
    half a second with 16 blocks.

    Args:
        differences: One per block, [blocks], at least two. Up to 20 blocks the answer is exact;
            with more it is of 99,999 flips, always the same ones.

    Raises:
        DataError: Fewer than two blocks, or a value that is not finite.

    Example:
        >>> sign_flip([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        0.03125
    """
    d = finite(differences, what="differences")
    if not d.any():
        return 1.0
    scaled = d / np.abs(d).max()
    observed = abs(scaled.sum().round(DIGITS))
    if d.size <= MOST_EXACT:
        return float(np.mean(_all_sums(scaled) >= observed))
    hits = int((np.abs((sampled_signs(d.size) @ scaled).round(DIGITS)) >= observed).sum())
    return (hits + 1) / (SAMPLE + 1)


def sampled_signs(blocks: int) -> Floats:
    """Return random signs, [99,999, blocks], the same at every call."""
    return np.random.default_rng(0).choice([-1.0, 1.0], size=(SAMPLE, blocks))


def sign_test(*, more: int, fewer: int) -> float:
    """Return the two-sided p of the sign test; ties have no part in it.

    Args:
        more: Blocks in which the first of two values has more.
        fewer: Blocks in which it has fewer.

    Example:
        >>> sign_test(more=10, fewer=0), sign_test(more=3, fewer=3)
        (0.001953125, 1.0)
    """
    tail = sum(math.comb(more + fewer, k) for k in range(min(more, fewer) + 1))
    return min(1.0, tail / 2.0 ** (more + fewer - 1))


def _all_sums(differences: Floats) -> Floats:
    """Return the absolute sums under all flips; the sign of the first one mirrors the rest."""
    sums = differences[:1]
    for difference in differences[1:]:
        sums = np.concatenate([sums + difference, sums - difference])
    return np.asarray(np.abs(sums.round(DIGITS)))


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
