"""Step-down max-t: one correction for a family of contrasts that share their blocks."""

import numpy as np
from numpy.typing import ArrayLike

from ablate.stats.arrays import Floats, finite
from ablate.stats.sign_flip import DIGITS, sampled_signs

MOST_EXACT = 16  # blocks; with more a fixed sample of flips


def step_down(differences: ArrayLike) -> Floats:
    """Return the corrected two-sided p of every contrast, by sign flips of whole blocks.

    A block is flipped for all contrasts at once, so that what they share counts: rows that say the
    same cost nothing, where Holm's correction counts each of them. Exact up to 16 blocks, then of
    99,999 flips, always the same ones. It speaks of these test images: blocks alone are flipped.

    Args:
        differences: Mean of each block per contrast, [blocks, contrasts], at least two blocks.

    Raises:
        DataError: Fewer than two blocks, or a value that is not finite.

    Source:
        Westfall and Young 1993, Resampling-based multiple testing, algorithm 4.1, with the
        studentised mean; under sign flips |t| rises with |sum| / sqrt(sum of squares).

    Example:
        >>> step_down([[1, 1], [2, 3], [3, 1], [4, 2], [5, 1], [6, 2]]).tolist()
        [0.03125, 0.03125]
    """
    d = finite(differences, what="differences")
    norms = np.sqrt((d**2).sum(axis=0))
    scaled = np.divide(d, norms, out=np.zeros_like(d), where=norms > 0)
    observed = np.abs(scaled.sum(axis=0).round(DIGITS))
    order = np.argsort(-observed, kind="stable")
    flipped, extra = _flips(d.shape[0])
    sums = np.abs((flipped @ scaled[:, order]).round(DIGITS))
    largest = np.maximum.accumulate(sums[:, ::-1], axis=1)[:, ::-1]  # of this row and later ones
    hits = (largest >= observed[order]).sum(axis=0)
    raised = np.maximum.accumulate((hits + extra) / (len(flipped) + extra))
    corrected = np.ones(d.shape[1])
    corrected[order] = raised
    return np.where(norms > 0, corrected, 1.0)


def _flips(blocks: int) -> tuple[Floats, int]:
    """Return signs, [flips, blocks], and how many to add for the observed one."""
    if blocks <= MOST_EXACT:
        bits = np.arange(2 ** (blocks - 1))[:, None] >> np.arange(blocks)  # the mirror is the same
        return np.where(bits & 1, -1.0, 1.0), 0
    return sampled_signs(blocks), 1
