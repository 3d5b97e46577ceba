"""Interim analyses: how much of alpha each may use, and when going on is futile."""

import itertools
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from ablate.errors import DataError
from ablate.stats.arrays import Floats
from ablate.stats.crossed import standard_error
from ablate.stats.power import fewest_blocks

POINTS = 801  # of the grid on which the not yet stopped studies are followed
MOST = 20  # interim analyses
TINY = 1e-300  # smallest p, so that its z is finite


def obrien_fleming(analyses: int, alpha: float = 0.05) -> tuple[float, ...]:
    """Return the two-sided level of every analysis, evenly spaced in information.

    A study is stopped as soon as its p is below the level of the analysis; over all of them a true
    null is rejected with chance alpha. Early analyses may use little, so that the last one has
    almost all of alpha.

    Args:
        analyses: How many, the last one included, from 1 to 20.
        alpha: Over all analyses, in (0, 1).

    Raises:
        DataError: The number of analyses or alpha lies outside.

    Source:
        As `levels_at`.

    Example:
        >>> [round(level, 4) for level in obrien_fleming(4)]
        [0.0, 0.003, 0.0183, 0.044]
    """
    return levels_at(tuple(k / analyses for k in range(1, analyses + 1)), alpha)


def looks_at(blocks: int, looks: int) -> tuple[int, ...]:
    """Return the blocks that are in at every look: evenly spaced, and enough for a claim.

    A look that no claim could be made at is not taken; its share of alpha is left to later ones.

    Args:
        blocks: In all.
        looks: Declared, the last one included.

    Example:
        >>> looks_at(16, 4), looks_at(8, 2)
        ((8, 12, 16), (8,))
    """
    evenly = (math.ceil(blocks * k / looks) for k in range(1, looks))
    return tuple(dict.fromkeys([*(n for n in evenly if fewest_blocks() <= n < blocks), blocks]))


@cache
def levels_at(shares: tuple[float, ...], alpha: float = 0.05) -> tuple[float, ...]:
    """Return the two-sided level of every analysis by its share of all information.

    Args:
        shares: Increasing, the last one 1; as many as there are analyses, from 1 to 20.
        alpha: Over all analyses, in (0, 1).

    Raises:
        DataError: The number of analyses, a share or alpha lies outside.

    Source:
        Lan and DeMets 1983, Biometrika 70:659, spending 2 - 2 Phi(z / sqrt(t)) on each side, by
        the recursive integration of Armitage, McPherson and Rowe 1969.

    Example:
        >>> [round(level, 4) for level in levels_at((0.5, 0.75, 1.0))]
        [0.0031, 0.0183, 0.044]
    """
    is_rising = all(a < b for a, b in itertools.pairwise((0.0, *shares)))
    if not 1 <= len(shares) <= MOST or not is_rising or shares[-1] != 1 or not 0 < alpha < 1:
        raise DataError(
            f"looks: {len(shares)} at alpha {alpha:g}; give 1 to {MOST} that rise to the whole, "
            "and an alpha between 0 and 1"
        )
    levels, spent, before = [], 0.0, 0.0
    grid, density = np.zeros(1), np.ones(1)  # all studies begin at 0
    for share in shares:
        step = share - before
        target = _spent(share, alpha) - spent
        bound = _bound(grid, density, step=step, leaves=target, reach=math.sqrt(share))
        levels.append(2 * float(ndtr(-bound / math.sqrt(share))))
        fine = np.linspace(-bound, bound, POINTS)
        kernel = np.exp(-((fine[:, None] - grid) ** 2) / (2 * step)) / math.sqrt(2 * math.pi * step)
        density = kernel @ (density * _weights(grid))
        grid, spent, before = fine, spent + target, share
    return tuple(levels)


def conditional_power(
    *, z: ArrayLike, share: ArrayLike, drift: ArrayLike, alpha: ArrayLike = 0.05
) -> Floats:
    """Return the chance that a study is significant in the end, given where it stands.

    Args:
        z: Estimate over its standard error now, in the direction of the assumed effect.
        share: Of the information that is in, in (0, 1).
        drift: The assumed effect over the standard error that the full study will have.
        alpha: Two-sided level of the last analysis.

    Source:
        Lan and Wittes 1988, Biometrics 44:579.

    Example:
        >>> float(conditional_power(z=0.0, share=0.5, drift=2.8).round(2))
        0.21
    """
    critical = ndtri(1 - np.asarray(alpha) / 2)
    left = 1 - np.asarray(share)
    now = np.asarray(z) * np.sqrt(share)  # Brownian motion with this drift
    return np.asarray(ndtr((now + np.asarray(drift) * left - critical) / np.sqrt(left)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Midway:
    """Differences as they stand at a look, of any shape.

    Args:
        estimate: Of the differences.
        p: Their two-sided p, not corrected.
        block_variance: Of the mean difference of one block.
        image_variance: Variance that the choice of images adds to the mean.
    """

    estimate: ArrayLike
    p: ArrayLike
    block_variance: ArrayLike
    image_variance: ArrayLike


def is_futile(
    seen: Midway,
    *,
    blocks: int,
    planned: int,
    margin: ArrayLike,
    alpha: ArrayLike,
    bound: float,
) -> NDArray[np.bool_]:
    """Return where going on to the last block would hardly show a difference.

    The chance to do so is that of `conditional_power` at the smallest effect, or at the effect seen
    so far where that is larger: a study too small for its smallest effect may still find a larger
    one. Stopping for futility never adds a false claim.

    Args:
        seen: The differences so far.
        blocks: That are in.
        planned: In all; more than `blocks`.
        margin: Smallest effects of interest; NaN where none is named, which is never futile.
        alpha: Level at which each difference will be judged in the end, corrected.
        bound: Futile below this chance; 0 is never.
    """
    now = standard_error(seen.block_variance, seen.image_variance, blocks=blocks)
    end = standard_error(seen.block_variance, seen.image_variance, blocks=planned)
    assumed = np.fmax(np.abs(seen.estimate), margin)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (end / now) ** 2
        z = -ndtri(np.maximum(np.asarray(seen.p, dtype=np.float64), TINY) / 2)
        chance = conditional_power(z=z, share=share, drift=assumed / end, alpha=alpha)
    is_known = ~np.isnan(np.asarray(margin, dtype=np.float64))
    return np.asarray(is_known & (chance < bound))


def _spent(share: float, alpha: float) -> float:
    """Return what both sides together may have spent at a share of the information."""
    return 4 * float(ndtr(ndtri(alpha / 4) / math.sqrt(share)))


def _bound(grid: Floats, density: Floats, *, step: float, leaves: float, reach: float) -> float:
    """Return the distance from 0 beyond which this share of all studies lies at an analysis."""
    weighted = density * _weights(grid)

    def surplus(bound: float) -> float:
        over = (grid - bound) / math.sqrt(step)
        under = (-bound - grid) / math.sqrt(step)
        return float((weighted * (ndtr(over) + ndtr(under))).sum()) - leaves

    return float(brentq(surplus, 0.0, 12 * reach, xtol=1e-12))


def _weights(grid: Floats) -> Floats:
    """Return the weights of the trapezium rule; 1 for a single point."""
    if len(grid) == 1:
        return np.ones(1)
    weights = np.full(len(grid), grid[1] - grid[0])
    weights[[0, -1]] /= 2
    return weights
