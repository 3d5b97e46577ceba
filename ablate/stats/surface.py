"""A response surface over the tuning points: where each value would score at its own optimum.

What a blocked design compares is the expected score of the best of a few random points. A value
whose optimum is sharper, or lies off the centre of the range, loses that comparison although it is
no worse when tuned to the end. The surface says which of the two it is.
"""

import itertools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from ablate.errors import DataError
from ablate.stats.arrays import Floats

SIDE: Final = {1: 101, 2: 25, 3: 11}  # points per axis on which an optimum is looked for
MOST_AXES: Final = 3
FEWEST_BLOCKS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Fitted optima, and their differences with the spread that leaving out blocks shows.

    Arrays have one entry per value; those of differences are against the first one, whose own
    entry is 0 (p: 1). Units are those of the scores, larger meaning better.
    """

    optimum: Floats  # fitted score at the best place of the range
    place: Floats  # of it, [values, axes], 0 to 1
    drop: Floats  # optimum less the mean of the surface over the range: how sharp it is
    difference: Floats
    se: Floats
    low: Floats
    high: Floats
    p: Floats
    df: float
    left_out: Floats  # optima without each block in turn, [blocks, values]


@dataclass(frozen=True, slots=True, kw_only=True)
class AtOptimum:
    """A contrast between fitted optima, with its interval and two-sided p."""

    estimate: float
    low: float
    high: float
    p: float


def optimum_contrast(surface: Surface, weights: ArrayLike, *, alpha: float = 0.05) -> AtOptimum:
    """Return a contrast between the fitted optima, its spread by the jackknife over blocks.

    Args:
        surface: As fitted.
        weights: One per value, their sum 0.
        alpha: The interval covers 1 - alpha.
    """
    c = np.asarray(weights, dtype=np.float64)
    estimate, each = float(surface.optimum @ c), surface.left_out @ c
    se = math.sqrt(surface.df / len(each) * float(((each - each.mean()) ** 2).sum()))
    half = float(stdtrit(surface.df, 1 - alpha / 2)) * se
    p = 2 * float(stdtr(surface.df, -abs(estimate) / se)) if se > 0 else float(estimate == 0)
    return AtOptimum(estimate=estimate, low=estimate - half, high=estimate + half, p=p)


def fit_surface(
    points: ArrayLike,
    *,
    values: ArrayLike,
    blocks: ArrayLike,
    scores: ArrayLike,
    alpha: float = 0.05,
) -> Surface:
    """Return the fitted optima of every value.

    Every value has a quadratic surface of its own over the points, every block a shift that all
    values share; least squares, with standard errors by the jackknife over blocks.

    Args:
        points: [runs, axes], each position in its range, 0 to 1 (of the logarithm, where the
            range is one of a logarithm); one to three axes.
        values: [runs], index of the value, from 0.
        blocks: [runs], number of the block.
        scores: [runs], larger meaning better, finite.
        alpha: Intervals cover 1 - alpha.

    Raises:
        DataError: Fewer than three blocks, more than three axes, a score that is not finite, or
            fewer runs of a value than its surface has coefficients.

    Source:
        Box and Wilson 1951 (second-order surfaces); Efron and Tibshirani 1993, ch. 11 (jackknife).
    """
    x, y = np.atleast_2d(np.asarray(points, dtype=np.float64)), np.asarray(scores, dtype=np.float64)
    value = np.unique(np.asarray(values), return_inverse=True)[1]
    names, block = np.unique(np.asarray(blocks), return_inverse=True)
    if not np.isfinite(y).all() or not np.isfinite(x).all():
        raise DataError("surface: holds values that are not finite; drop those runs first")
    if x.shape[1] > MOST_AXES or len(names) < FEWEST_BLOCKS:
        raise DataError(
            f"surface: {x.shape[1]} tuned settings in {len(names)} blocks; give at most "
            f"{MOST_AXES} and at least {FEWEST_BLOCKS} blocks"
        )
    count, terms = int(value.max()) + 1, _terms(x).shape[1]
    if min(np.bincount(value, minlength=count)) < terms + 1:
        raise DataError(f"surface: a value has fewer than {terms + 1} runs; it needs {terms} terms")
    grid = _grid(x.shape[1])
    optimum, place, drop = _optima(x, value, block, y, grid)
    left_out = np.array(
        [
            _optima(x[keep], value[keep], block[keep], y[keep], grid)[0]
            for at in range(len(names))
            if (keep := block != at).any()
        ]
    )
    n = len(left_out)
    against = left_out - left_out[:, :1]
    spread = np.sqrt((n - 1) / n * ((against - against.mean(axis=0)) ** 2).sum(axis=0))
    difference = optimum - optimum[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(spread > 0, np.abs(difference) / spread, 0.0)
    half = stdtrit(n - 1, 1 - alpha / 2) * spread
    return Surface(
        optimum=optimum,
        place=place,
        drop=drop,
        difference=difference,
        se=spread,
        low=difference - half,
        high=difference + half,
        p=2 * stdtr(n - 1, -t),
        df=float(n - 1),
        left_out=left_out,
    )


def _terms(x: Floats) -> Floats:
    """Return 1, every axis, every square and product; axes about their middle."""
    z = 2 * x - 1
    pairs = itertools.combinations_with_replacement(range(z.shape[1]), 2)
    columns = [np.ones(len(z)), *z.T, *(z[:, a] * z[:, b] for a, b in pairs)]
    return np.stack(columns, axis=1)


def _grid(axes: int) -> Floats:
    side = np.linspace(0, 1, SIDE[axes])
    return np.stack([each.ravel() for each in np.meshgrid(*[side] * axes)], axis=1)


def _optima(
    x: Floats, value: NDArray[np.intp], block: NDArray[np.intp], y: Floats, grid: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return per value the fitted optimum, its place, and how far the mean lies below it."""
    own, count = _terms(x), int(value.max()) + 1
    terms = own.shape[1]
    design = np.zeros((len(y), count * terms + int(block.max()) + 1))
    for at in range(count):
        design[value == at, at * terms : (at + 1) * terms] = own[value == at]
    design[np.arange(len(y)), count * terms + block] = 1  # least squares of least norm: shifts
    found = np.linalg.lstsq(design, y, rcond=None)[0]
    shift = found[count * terms :][np.unique(block)].mean()
    heights = _terms(grid) @ found[: count * terms].reshape(count, terms).T + shift
    best = heights.argmax(axis=0)
    optimum = heights[best, np.arange(count)]
    return optimum, grid[best], optimum - heights.mean(axis=0)
