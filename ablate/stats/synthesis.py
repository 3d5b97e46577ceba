"""One contrast over several cells (data set, network, budget): a Bayesian hierarchical model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.special import chdtrc, gammaincinv, ndtr

from ablate.errors import DataError
from ablate.stats.arrays import Floats

Word = Literal["gain", "loss", "leaning to gain", "leaning to loss", "does not generalise", "open"]
SURE: Final = 0.95  # of the posterior: a word
LEANING: Final = 0.8
EITHER_WAY: Final = 0.2  # chance of a gain and of a loss in a further cell: does not generalise
SPREAD: Final = {2: 4.0, 3: 3.0}  # scale of the spread between cells in smallest effects ...
SPREAD_OF_MORE: Final = 3.0  # ... by the number of cells: few cells say little about it
QUANTILES: Final = 15  # of the scale that makes a t distribution of normal ones
NEGLIGIBLE: Final = 1e-8  # weight of a point of the grid
MEANS, SPREADS = 201, 41  # points of the grid


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEffect:
    """What one cell says of a contrast, larger meaning better.

    Args:
        estimate: Of the difference, for example in percent of the tuned baseline.
        se: Its standard error, above 0, same unit.
        df: Degrees of freedom of the estimate.
    """

    estimate: float
    se: float
    df: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis:
    """The mean effect over cells like these, in the unit of the cells."""

    mean: float  # of the posterior
    low: float  # ends of the central 95 % interval
    high: float
    p_gain: float  # chance that the mean effect is above the smallest one
    p_loss: float  # chance that it is below minus the smallest one
    next_gain: float  # the same for the effect in one further cell
    next_loss: float
    next_low: float  # where the effect of a further cell lies with 95 %
    next_high: float
    spread: float  # between cells: posterior median of their standard deviation
    i2: float  # share of the variance of the estimates that lies between cells, 0 to 1
    cells: int
    word: Word


def synthesize(cells: Sequence[CellEffect], *, smallest_effect: float) -> Synthesis:
    """Return the effect over all cells, with a word.

    The effect of a cell is normal about the mean effect; its estimate is t-distributed about the
    effect of the cell. The mean effect has a flat prior, the spread between cells a half-Cauchy
    one, wider where there are few cells. The word is gain or loss where the posterior of the mean
    effect lies beyond the smallest effect with 95 %, leaning with 80 %; "does not generalise" where
    the effects of cells differ by more than their errors and by more than the smallest effect, and
    a further cell may as well gain as lose; else open.

    Args:
        cells: At least two.
        smallest_effect: Of interest, above 0, in the unit of the cells.

    Raises:
        DataError: Fewer than two cells, a standard error or a smallest effect that is not above 0.

    Source:
        Gelman 2006, Bayesian Analysis 1:515 (half-Cauchy); Kruschke 2018, AMPPS 1:270 (region of
        practical equivalence); Higgins and Thompson 2002, Statistics in Medicine 21:1539 (I2).

    Example:
        >>> two = [CellEffect(estimate=e, se=0.5, df=15) for e in (6.0, 6.4)]
        >>> synthesize(two, smallest_effect=1.0).cells
        2
    """
    if len(cells) < 2:
        raise DataError(f"synthesis: {len(cells)} cell has no spread; give two or more")
    if not smallest_effect > 0 or not all(c.se > 0 and math.isfinite(c.estimate) for c in cells):
        raise DataError(
            "synthesis: needs finite estimates, standard errors and a smallest effect above 0"
        )
    y = np.array([cell.estimate for cell in cells])
    se = np.array([cell.se for cell in cells])
    scale = SPREAD.get(len(cells), SPREAD_OF_MORE) * smallest_effect
    reach = 6 * scale + 6 * se.max() + np.ptp(y)
    means = np.linspace(y.mean() - reach, y.mean() + reach, MEANS)
    quantile = (np.arange(SPREADS) + 0.5) / SPREADS
    spreads = scale * np.tan(quantile * math.pi / 2)  # equal shares of the half-Cauchy prior
    weight = _posterior(cells, means, spreads)
    of_mean, of_spread = weight.sum(axis=1), weight.sum(axis=0)
    low, high = (_quantile(means, of_mean, q) for q in (0.025, 0.975))
    above = (smallest_effect - means[:, None]) / spreads
    below = (-smallest_effect - means[:, None]) / spreads
    next_gain, next_loss = float((weight * ndtr(-above)).sum()), float((weight * ndtr(below)).sum())
    reached = means[::4]
    row, column = np.nonzero(weight > NEGLIGIBLE)
    standard = (reached[:, None] - means[row]) / spreads[column]
    chance = ndtr(standard) @ weight[row, column]
    next_low, next_high = (float(np.interp(q, chance, reached)) for q in (0.025, 0.975))
    p_gain = 1 - _chance_below(smallest_effect, means, of_mean)
    p_loss = _chance_below(-smallest_effect, means, of_mean)
    q = _heterogeneity(y, se)
    i2 = max(0.0, (q - (len(y) - 1)) / q) if q > 0 else 0.0
    return Synthesis(
        mean=float((means * of_mean).sum()),
        low=low,
        high=high,
        p_gain=p_gain,
        p_loss=p_loss,
        next_gain=next_gain,
        next_loss=next_loss,
        next_low=next_low,
        next_high=next_high,
        spread=_quantile(spreads, of_spread, 0.5),
        i2=i2,
        cells=len(cells),
        word=_word(
            p_gain,
            p_loss,
            min(next_gain, next_loss),
            differ=float(chdtrc(len(y) - 1, q)) < 1 - SURE
            and min(np.abs(y).max(), np.ptp(y)) > smallest_effect,
        ),
    )


def _posterior(cells: Sequence[CellEffect], means: Floats, spreads: Floats) -> Floats:
    """Return the weights of the grid, [means, spreads], their sum 1; the prior is in the grid."""
    log = np.zeros((len(means), len(spreads)))
    for cell in cells:
        shape = cell.df / 2  # t = normal whose variance is se^2 / w, w from Gamma(df/2, df/2)
        w = gammaincinv(shape, (np.arange(QUANTILES) + 0.5) / QUANTILES) / shape
        variance = spreads[:, None] ** 2 + cell.se**2 / w
        squares = (cell.estimate - means[:, None, None]) ** 2
        density = np.exp(-squares / (2 * variance)) / np.sqrt(variance)
        log += np.log(np.maximum(density.mean(axis=-1), 1e-300))
    weight = np.exp(log - log.max())
    return np.asarray(weight / weight.sum())


def _quantile(points: Floats, weights: Floats, q: float) -> float:
    return float(np.interp(q, np.cumsum(weights) - weights / 2, points))


def _chance_below(point: float, points: Floats, weights: Floats) -> float:
    """Chance of a value below a point that may lie between two of the grid."""
    return float(np.interp(point, points, np.cumsum(weights) - weights / 2))


def _heterogeneity(y: Floats, se: Floats) -> float:
    """Return Cochran's Q: squared distances from the weighted mean in standard errors."""
    weights = 1 / se**2
    return float((weights * (y - (weights * y).sum() / weights.sum()) ** 2).sum())


def _word(p_gain: float, p_loss: float, next_either: float, *, differ: bool) -> Word:
    if p_gain >= SURE:
        return "gain"
    if p_loss >= SURE:
        return "loss"
    if differ and next_either >= EITHER_WAY:
        return "does not generalise"
    if p_gain >= LEANING:
        return "leaning to gain"
    if p_loss >= LEANING:
        return "leaning to loss"
    return "open"
