"""Interim analyses: how much of alpha each may use, and when going on is futile."""

import math
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from ablate.errors import DataError
from ablate.stats.arrays import Floats

POINTS = 801  # of the grid on which the not yet stopped studies are followed
MOST = 20  # interim analyses


@cache
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
        Lan and DeMets 1983, Biometrika 70:659, spending 2 - 2 Phi(z / sqrt(t)) on each side, by
        the recursive integration of Armitage, McPherson and Rowe 1969.

    Example:
        >>> [round(level, 4) for level in obrien_fleming(4)]
        [0.0, 0.003, 0.0183, 0.044]
    """
    if not 1 <= analyses <= MOST or not 0 < alpha < 1:
        raise DataError(
            f"looks: {analyses} at alpha {alpha:g}; give 1 to {MOST} and an alpha between 0 and 1"
        )
    step, levels, spent = 1 / analyses, [], 0.0
    grid, density = np.zeros(1), np.ones(1)  # all studies begin at 0
    for k in range(1, analyses + 1):
        share = k * step
        target = _spent(share, alpha) - spent
        bound = _bound(grid, density, step=step, leaves=target, reach=math.sqrt(share))
        levels.append(2 * float(ndtr(-bound / math.sqrt(share))))
        fine = np.linspace(-bound, bound, POINTS)
        kernel = np.exp(-((fine[:, None] - grid) ** 2) / (2 * step)) / math.sqrt(2 * math.pi * step)
        density = kernel @ (density * _weights(grid))
        grid, spent = fine, spent + target
    return tuple(levels)


def conditional_power(*, z: float, share: float, drift: float, alpha: float = 0.05) -> float:
    """Return the chance that a study is significant in the end, given where it stands.

    Args:
        z: Estimate over its standard error now, in the direction of the assumed effect.
        share: Of the information that is in, in (0, 1).
        drift: The assumed effect over the standard error that the full study will have.
        alpha: Two-sided level of the last analysis.

    Source:
        Lan and Wittes 1988, Biometrics 44:579.

    Example:
        >>> round(conditional_power(z=0.0, share=0.5, drift=2.8), 2)
        0.21
    """
    critical = float(ndtri(1 - alpha / 2))
    now = z * math.sqrt(share)  # Brownian motion with this drift
    return float(ndtr((now + drift * (1 - share) - critical) / math.sqrt(1 - share)))


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
