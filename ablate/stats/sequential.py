"""Studies with a known spread, judged at every look: what they say, and after how many blocks.

The rules are those of the verdicts, for many studies at once: the crossed t, Holm over contrasts
and metrics, equivalence corrected likewise, and futility. Only sufficient numbers are drawn: the
mean of a block and the mean of a case for every value, never single images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

from ablate.stats.arrays import Floats
from ablate.stats.crossed import freedom, standard_error
from ablate.stats.interim import Midway, is_futile, levels_at, looks_at
from ablate.stats.margins import equivalence_p
from ablate.stats.multiplicity import holm
from ablate.stats.power import ALPHA

Bools = NDArray[np.bool_]
MANY = 30  # cases, where nobody says how many


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How the difference of two values scatters in one metric, in units of the effect.

    Args:
        block: Standard deviation of the mean difference of one block, tuning included.
        images: Standard error that the choice of images adds; more blocks do not shrink it.
        cases: Images or scenes behind `images`.
        is_grouped: Whether cases are scenes, whose number limits the degrees of freedom.
    """

    block: float
    images: float = 0.0
    cases: int = MANY
    is_grouped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """When a study is judged.

    Args:
        blocks: That are in at every look, increasing.
        levels: Family-wise level of every look.
        futility: Chance below which going on is futile; 0 is never.
    """

    blocks: tuple[int, ...]
    levels: tuple[float, ...]
    futility: float = 0.0

    @classmethod
    def of(
        cls, blocks: int, *, looks: int = 1, futility: float = 0.0, alpha: float = ALPHA
    ) -> Self:
        """Return the course of a design that declares some looks, spending as O'Brien-Fleming."""
        at = looks_at(blocks, looks)
        levels = levels_at(tuple(count / blocks for count in at), alpha)
        return cls(blocks=at, levels=levels, futility=futility)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How many simulated studies ended.

    Args:
        is_gain: Whether a difference is claimed to be above 0, [studies, contrasts, metrics].
        is_loss: Whether it is claimed to be below 0.
        is_equivalent: Whether it is claimed to be smaller than what matters.
        blocks: That each study ran, [studies].
    """

    is_gain: Bools
    is_loss: Bools
    is_equivalent: Bools
    blocks: NDArray[np.int64]

    @property
    def has_word(self) -> Bools:
        """Return which studies say more than "open" as a whole, [studies].

        That is one claimed difference, or the equivalence of all.
        """
        claims = (self.is_gain | self.is_loss).any(axis=(1, 2))
        return np.asarray(claims | self.is_equivalent.all(axis=(1, 2)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """All studies at one look, [studies, contrasts, metrics]."""

    estimate: Floats
    is_different: Bools
    is_equivalent: Bools
    is_closed: Bools


def simulate(
    weights: ArrayLike,
    *,
    effects: ArrayLike,
    spreads: Sequence[Spread],
    margins: ArrayLike,
    course: Course,
    studies: int,
    random: np.random.Generator,
) -> Ended:
    """Return how studies end whose truth is known.

    A study stops at the first look at which every contrast is decided or futile in every metric.

    Args:
        weights: [contrasts, values]; each sums to 0.
        effects: Truth of every value and metric, [values, metrics].
        spreads: One per metric.
        margins: Smallest effects, one per metric; NaN where none is named.
        course: The looks.
        studies: How many.
        random: Source of the draws.
    """
    w, truth = np.asarray(weights, dtype=np.float64), np.asarray(effects, dtype=np.float64)
    margin = np.asarray(margins, dtype=np.float64)
    values, planned = w.shape[1], course.blocks[-1]
    by_block = np.empty((studies, planned, len(w), len(spreads)))
    shift, image_variance = (np.empty((studies, len(w), len(spreads))) for _ in range(2))
    for at, spread in enumerate(spreads):
        noise = random.normal(size=(studies, planned, values)) * spread.block / np.sqrt(2)
        by_block[..., at] = (truth[:, at] + noise) @ w.T
        suits = random.normal(size=(studies, spread.cases, values)) * spread.images
        of_cases = suits * np.sqrt(spread.cases / 2) @ w.T
        shift[..., at] = of_cases.mean(axis=1)
        image_variance[..., at] = of_cases.var(axis=1, ddof=1) / spread.cases
    cases = [one.cases if one.is_grouped else np.inf for one in spreads]
    end = Ended(
        is_gain=np.zeros(shift.shape, dtype=bool),
        is_loss=np.zeros(shift.shape, dtype=bool),
        is_equivalent=np.zeros(shift.shape, dtype=bool),
        blocks=np.zeros(studies, dtype=np.int64),
    )
    for number in range(len(course.blocks)):
        found = _at(number, by_block, shift, image_variance, cases, margin, course)
        is_last = number == len(course.blocks) - 1
        stops = (end.blocks == 0) & (is_last | found.is_closed.all(axis=(1, 2)))
        end.blocks[stops] = course.blocks[number]
        end.is_gain[stops] = (found.is_different & (found.estimate > 0))[stops]
        end.is_loss[stops] = (found.is_different & (found.estimate < 0))[stops]
        end.is_equivalent[stops] = found.is_equivalent[stops]
    return end


def _at(
    number: int,
    by_block: Floats,
    shift: Floats,
    image_variance: Floats,
    cases: Sequence[float],
    margin: Floats,
    course: Course,
) -> _Judged:
    """Return what a look finds in every study."""
    blocks, level = course.blocks[number], course.levels[number]
    some = by_block[:, :blocks]
    estimate = some.mean(axis=1) + shift
    block_variance = some.var(axis=1, ddof=1)
    se = standard_error(block_variance, image_variance, blocks=blocks)
    df = np.empty(se.shape)
    for at, count in enumerate(cases):
        of = block_variance[..., at], image_variance[..., at]
        known = None if np.isinf(count) else count
        df[..., at] = freedom(*of, blocks=blocks, cases=known)
    p = 2 * stdtr(df, -np.abs(estimate) / se)
    inside = equivalence_p(estimate, se=se, df=df, margin=np.where(np.isnan(margin), -1, margin))
    is_equivalent = _corrected(inside) < level
    is_different = (_corrected(p) < level) & ~is_equivalent
    is_decided = is_different | is_equivalent
    is_closed = is_decided
    if course.futility and blocks < course.blocks[-1]:
        still_open = np.maximum(1, (~is_decided).sum(axis=(1, 2)))[:, None, None]
        is_closed = is_decided | is_futile(
            Midway(
                estimate=estimate,
                p=p,
                block_variance=block_variance,
                image_variance=image_variance,
            ),
            blocks=blocks,
            planned=course.blocks[-1],
            margin=margin,
            alpha=course.levels[-1] / still_open,
            bound=course.futility,
        )
    return _Judged(
        estimate=estimate,
        is_different=is_different,
        is_equivalent=is_equivalent,
        is_closed=is_closed,
    )


def _corrected(p: Floats) -> Floats:
    """Return Holm's p over all contrasts and metrics of each study."""
    return holm(p.reshape(len(p), -1)).reshape(p.shape)
