"""How much one setting alone explains, un-normalised, and how much a shuffle explains."""

import numpy as np
from numpy.typing import ArrayLike

from ablate.stats.arrays import Floats


def main_effects(positions: ArrayLike, scores: ArrayLike) -> Floats:
    """Return the share of the variance that a parabola in each dimension explains, [..., count].

    The shares are not made to sum to 1: where nothing has an effect, all of them are small.

    Args:
        positions: [trials, dimensions], each in [0, 1].
        scores: [..., trials].

    Example:
        >>> x = np.linspace(0, 1, 8)
        >>> main_effects(np.column_stack([x, x[::-1] ** 3]), x)[0].round(6).item()
        1.0
    """
    x, y = np.asarray(positions, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    centred = y - y.mean(axis=-1, keepdims=True)
    whole = (centred**2).sum(axis=-1)
    shares = []
    for column in x.T:
        basis, _ = np.linalg.qr(np.vander(column, 3, increasing=True))
        shares.append(((centred @ basis[:, 1:]) ** 2).sum(axis=-1))
    with np.errstate(invalid="ignore"):
        return np.where(whole[..., None] > 0, np.stack(shares, axis=-1) / whole[..., None], 0.0)


def shuffle_line(
    positions: ArrayLike,
    scores: ArrayLike,
    *,
    generator: np.random.Generator,
    shuffles: int = 200,
    quantile: float = 0.95,
) -> float:
    """Return what the largest share reaches by chance: its quantile over shuffled scores.

    Args:
        positions: [trials, dimensions].
        scores: [trials].
        generator: Source of the shuffles.
        shuffles: How many.
        quantile: Of the largest share over the dimensions.
    """
    y = np.asarray(scores, dtype=np.float64)
    shuffled = generator.permuted(np.tile(y, (shuffles, 1)), axis=1)
    return float(np.quantile(main_effects(positions, shuffled).max(axis=-1), quantile))
