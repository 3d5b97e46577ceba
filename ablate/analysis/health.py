"""How many trainings of each value ended unhealthy, and whether values differ in it.

The states of a training stand in `ablate.stats.health`. The test is exact and paired: per block the
trainings of two values in one state are counted, and the signs of the differences are tested.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from ablate.analysis.question import RegisteredQuestion, label_of
from ablate.published import Value
from ablate.stats.health import IN_WORDS, STATES, State
from ablate.stats.multiplicity import holm
from ablate.stats.sign_flip import sign_test

HEALTHY: Final = "healthy"
FEW: Final = 0.05  # of the trainings of a value that go unmentioned beside a verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How the trainings of a value ended.

    Args:
        value: Of the factor.
        trainings: Those whose state is known.
        unhealthy: Those that are not healthy.
        states: State to count, those that occur, `healthy` left out.
    """

    value: Value
    trainings: int
    unhealthy: int = 0
    states: Mapping[State, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Whether more trainings of one value than of another end in a state.

    Args:
        state: What is counted.
        contrast: Name of the contrast.
        value: Its first value.
        baseline: The value that it is compared with.
        more: Blocks in which more trainings of `value` ended so.
        fewer: Blocks in which fewer did.
        blocks: All blocks.
        p: Of the exact sign test over the blocks that differ, two-sided.
        p_holm: Corrected over the contrasts of the question and the states that occur.
    """

    state: State
    contrast: str
    value: Value
    baseline: Value
    more: int
    fewer: int
    blocks: int
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingHealth:
    """The health of the trainings behind a question; empty where it is not known of any.

    `sentences` has one per unhealthy state that occurs.
    """

    counts: tuple[Count, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    sentences: tuple[str, ...] = ()

    @property
    def states(self) -> tuple[State, ...]:
        """The unhealthy states that occur."""
        return _occurring(self.counts)

    @property
    def caveats(self) -> tuple[str, ...]:
        """Caveats of the verdict, where a value has more than a few unhealthy trainings."""
        if all(one.unhealthy <= FEW * one.trainings for one in self.counts):
            return ()
        return (
            *self.sentences,
            "unhealthy trainings win no block: values with many were tuned over fewer points",
        )


def _sentence(
    state: State, counts: Sequence[Count], comparisons: Sequence[Comparison], *, alpha: float
) -> str:
    counted = ", ".join(
        f"{one.states.get(state, 0)} of {one.trainings} for {label_of(one.value)}" for one in counts
    )
    mine = [one for one in comparisons if one.state == state]
    return "; ".join([f"{IN_WORDS[state]}: {counted}", *_compared(mine, alpha=alpha)])


def _compared(comparisons: Sequence[Comparison], *, alpha: float) -> Iterator[str]:
    """Yield the comparisons that reject; if none does, one sentence that says so."""
    sure = sorted((one for one in comparisons if one.p_holm < alpha), key=lambda one: one.p_holm)
    for one in sure:
        more, fewer, names = one.more, one.fewer, (label_of(one.value), label_of(one.baseline))
        if fewer > more:
            more, fewer, names = fewer, more, names[::-1]
        yield (
            f"in {more} of {one.blocks} blocks more under {names[0]} than under {names[1]}, in "
            f"{fewer or 'none'} fewer"
        )
    if comparisons and not sure:
        yield "no two values differ by the exact test over blocks"


def is_unhealthy(runs: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether each run is known to have ended unhealthy.

    Args:
        runs: With the column health; without it no run is.
    """
    if "health" not in runs:
        return pd.Series(False, index=runs.index)
    return ~runs["health"].fillna("").isin(("", HEALTHY))


def unhealthy_in_words(runs: pd.DataFrame) -> str:
    """Return how many runs ended unhealthy and how, "" where none did.

    Example:
        >>> unhealthy_in_words(pd.DataFrame({"health": ["healthy", "negative", "constant", ""]}))
        '2 of 4 runs ended unhealthy: 1 constant images, 1 photographic negatives'
    """
    found = runs.loc[is_unhealthy(runs), "health"].tolist() if "health" in runs else []
    if not found:
        return ""
    counts = {state: found.count(state) for state in STATES}
    counted = ", ".join(f"{count} {IN_WORDS[state]}" for state, count in counts.items() if count)
    return f"{len(found)} of {len(runs)} runs ended unhealthy: {counted}"


def health_of(question: RegisteredQuestion, points: pd.DataFrame) -> TrainingHealth:
    """Return counts per value and state, and the exact tests of the question's pairs of values.

    Args:
        question: Its values are counted, its registered contrasts between two values tested.
        points: One row per run: value, block, point, and health where it is known.
    """
    if "health" not in points:
        return TrainingHealth()
    known = points[points["health"].isin(STATES)]
    known = known.assign(label=known["value"].map(label_of))
    counts = tuple(_counted(value, known) for value in question.values)
    occurring = _occurring(counts)
    found = [
        (state, contrast.name, pair, *_signs(known, state, pair))
        for contrast in question.contrasts
        if not contrast.is_exploratory and (pair := question.pair_of(contrast)) is not None
        for state in occurring
    ]
    p = [sign_test(more=more, fewer=fewer) for *_, more, fewer, _ in found]
    comparisons = tuple(
        Comparison(
            state=state,
            contrast=name,
            value=pair[0],
            baseline=pair[1],
            more=more,
            fewer=fewer,
            blocks=blocks,
            p=alone,
            p_holm=float(corrected),
        )
        for (state, name, pair, more, fewer, blocks), alone, corrected in zip(
            found, p, holm(p) if p else (), strict=True
        )
    )
    return TrainingHealth(
        counts=counts if len(known) else (),
        comparisons=comparisons,
        sentences=tuple(
            _sentence(state, counts, comparisons, alpha=question.alpha) for state in occurring
        ),
    )


def _occurring(counts: Sequence[Count]) -> tuple[State, ...]:
    return tuple(state for state in STATES if any(one.states.get(state) for one in counts))


def _counted(value: Value, known: pd.DataFrame) -> Count:
    mine = known.loc[known["label"] == label_of(value), "health"]
    times = {state: int((mine == state).sum()) for state in STATES if state != HEALTHY}
    return Count(
        value=value,
        trainings=len(mine),
        unhealthy=sum(times.values()),
        states={state: count for state, count in times.items() if count},
    )


def _signs(known: pd.DataFrame, state: State, pair: Sequence[Value]) -> tuple[int, int, int]:
    """Return the blocks with more and with fewer under the first value, and all blocks.

    Points that only one of the two values ended have no part in it.
    """
    one, other = (
        known[known["label"] == label_of(value)].set_index(["block", "point"])["health"] == state
        for value in pair
    )
    both = one.index.intersection(other.index)
    difference = (one[both].astype(int) - other[both].astype(int)).groupby(level="block").sum()
    return int((difference > 0).sum()), int((difference < 0).sum()), len(difference)
