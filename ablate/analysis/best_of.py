"""Expected best of a number of tries: how a score grows with the tuning budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import gammaln

from ablate.analysis.dimensions import Floats
from ablate.analysis.effects import near
from ablate.analysis.health import is_unhealthy
from ablate.analysis.published import StudyFacts
from ablate.analysis.question import RegisteredQuestion
from ablate.analysis.redraws import standing
from ablate.analysis.selection import points_of
from ablate.design_names import BLOCKED
from ablate.published import Value
from ablate.stats.crossed import crossed_t

FEWEST = 2  # tries: a single point is not a budget


def expected_best(scores: Sequence[float] | Floats, *, is_lower: bool = False) -> Floats:
    """Return the expected best of 1, 2, ... n of n scores drawn without putting back.

    Unbiased for the best of as many new tries, unlike the form that puts back.

    Source:
        Tang et al. 2020, Showing Your Work Doesn't Always Work (ACL): the unbiased form of the
        curve of Dodge et al. 2019, Show Your Work (EMNLP).

    Example:
        >>> expected_best([1.0, 2.0, 6.0]).round(3).tolist()
        [3.0, 4.667, 6.0]
    """
    ordered = np.sort(np.asarray(scores, dtype=float))
    best: Floats = chances(len(ordered)) @ (ordered[::-1] if is_lower else ordered)
    return best


def chances(count: int) -> Floats:
    """Return how likely each of n scores, the worst first, is the best of 1, 2, ... n of them.

    Example:
        >>> chances(3).round(3).tolist()[1]
        [0.0, 0.333, 0.667]
    """
    places, tries = np.arange(1, count + 1)[None, :], np.arange(1, count + 1)[:, None]
    logs = (
        gammaln(places)
        - gammaln(np.maximum(places - tries, 0) + 1)
        - gammaln(tries)
        - gammaln(count + 1)
        + gammaln(tries + 1)
        + gammaln(count - tries + 1)
    )
    weights = np.where(places >= tries, np.exp(logs), 0.0)  # C(place-1, tries-1) / C(count, tries)
    found: Floats = weights / weights.sum(axis=1, keepdims=True)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BestOfTries:
    """Expected best score of some tries of a value.

    Args:
        source: "answer" (tuning points of a block) or "explore" (trials in which all else varies).
        question: Its id.
        value: Of the factor.
        tries: How many.
        expected: Best of them; a mean over blocks for an answer.
        low: Lower end of its 95 % t interval over blocks; None for one sample.
        high: Upper end.
        samples: Blocks, or 1.
    """

    source: Literal["answer", "explore"]
    question: str
    value: Value
    tries: int
    expected: float
    low: float | None = None
    high: float | None = None
    samples: int = 1


def of_blocks(
    facts: StudyFacts, runs: pd.DataFrame, response: str, *, is_lower: bool
) -> list[BestOfTries]:
    """Expected best of the tuning points of a block, as means over blocks.

    A point that failed or ended unhealthy counts as the worst healthy one of its block. The
    interval is a 95 % t interval over blocks, none where there is one block.
    """
    found: list[BestOfTries] = []
    for phase in facts.phases_of(BLOCKED):
        mine = standing(facts.phases[phase], runs[runs["phase"] == phase])
        mine = mine.assign(**{response: mine[response].mask(is_unhealthy(mine))})
        worst = mine.groupby("block")[response].agg("max" if is_lower else "min")
        for question in facts.questions:
            points = points_of(question, mine)
            for value in question.values:
                table = points[points["value"] == value].pivot_table(
                    index="block", columns="point", values=response, aggfunc="first", dropna=False
                )
                table = table.apply(lambda column, worst=worst: column.fillna(worst))
                curves = [
                    expected_best(row, is_lower=is_lower)
                    for row in table.dropna().to_numpy(dtype=float)
                ]
                if curves and len(curves[0]) >= FEWEST:
                    found += _means(np.array(curves), question=question.id, value=value)
    return found


def of_trials(
    questions: Sequence[RegisteredQuestion], trials: pd.DataFrame, response: str, *, is_lower: bool
) -> list[BestOfTries]:
    """Expected best of the trials of an exploration, in which all else varies too."""
    found: list[BestOfTries] = []
    for question in questions:
        nearest = near(question, trials)
        if nearest is None:
            continue
        for value in question.values:
            scores = trials.loc[nearest == value, response].dropna().to_numpy(dtype=float)
            if len(scores) >= FEWEST:
                found += [
                    BestOfTries(
                        source="explore",
                        question=question.id,
                        value=value,
                        tries=at,
                        expected=float(best),
                    )
                    for at, best in enumerate(expected_best(scores, is_lower=is_lower), start=1)
                ]
    return found


def _means(curves: Floats, *, question: str, value: Value) -> list[BestOfTries]:
    rows = []
    for at in range(curves.shape[1]):
        t = crossed_t(curves[:, [at]], images="fixed") if len(curves) > 1 else None
        rows.append(
            BestOfTries(
                source="answer",
                question=question,
                value=value,
                tries=at + 1,
                expected=float(curves[:, at].mean()),
                low=None if t is None else float(t.low),
                high=None if t is None else float(t.high),
                samples=len(curves),
            )
        )
    return rows
