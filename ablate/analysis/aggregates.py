"""Six metrics side by side: counts and mean ranks, never a hidden sum."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablate.analysis.cells import cells_of
from ablate.analysis.question import RegisteredQuestion
from ablate.analysis.verdict import Row
from ablate.errors import DataError
from ablate.published import Value
from ablate.stats.best_set import best_set, first_and_second
from ablate.stats.crossed import crossed_t
from ablate.stats.margins import is_equivalent
from ablate.stats.ranks import mean_ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Over the metrics of one contrast: better, worse, equivalent, undecided."""

    contrast: str
    wins: int
    losses: int
    ties: int
    undecided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RankDifference:
    """Mean rank of a value minus that of the baseline; below 0 is better."""

    value: Value
    estimate: float
    low: float
    high: float
    p: float


def counts(rows: Iterable[Row], *, alpha: float = 0.05) -> tuple[Count, ...]:
    """Return wins, losses, ties and the rest per contrast, over its metrics of every role.

    A tie is an interval inside the smallest effect; a win or loss is a p, corrected within its
    role, below alpha.
    """
    table: dict[str, list[str]] = {}
    for row in rows:
        if row.role != "exploratory":
            table.setdefault(row.contrast, []).append(_outcome(row, alpha=alpha))
    return tuple(
        Count(
            contrast=contrast,
            wins=outcomes.count("win"),
            losses=outcomes.count("loss"),
            ties=outcomes.count("tie"),
            undecided=outcomes.count("undecided"),
        )
        for contrast, outcomes in table.items()
    )


def rank_differences(
    question: RegisteredQuestion, answers: pd.DataFrame
) -> tuple[RankDifference, ...]:
    """Return the mean rank over all metrics of each value against the baseline, by t over blocks.

    Raises:
        DataError: Fewer than two blocks have every value in every metric.
    """
    scores = _block_scores(question, answers)
    ranks = mean_ranks(scores)
    base = question.values.index(question.baseline)
    found = []
    for at, value in enumerate(question.values):
        if at == base:
            continue
        t = crossed_t((ranks[:, at] - ranks[:, base])[:, None], alpha=question.alpha)
        found.append(
            RankDifference(
                value=value,
                estimate=float(t.estimate),
                low=float(t.low),
                high=float(t.high),
                p=float(t.p),
            )
        )
    return tuple(found)


def best_values(
    question: RegisteredQuestion, answers: pd.DataFrame, metric: str
) -> tuple[Value, ...]:
    """Return the values that no other beats in a metric, best mean first; none without scores.

    Raises:
        DataError: Fewer than two blocks have every value.
    """
    return _chosen(best_set, question, answers, metric)


def places(question: RegisteredQuestion, answers: pd.DataFrame, metric: str) -> tuple[Value, ...]:
    """Return the value that is shown to beat all others in a metric, then the shown second.

    Raises:
        DataError: Fewer than two blocks have every value.
    """
    return _chosen(first_and_second, question, answers, metric)


def _chosen(
    choose: Callable[..., tuple[int, ...]],
    question: RegisteredQuestion,
    answers: pd.DataFrame,
    metric: str,
) -> tuple[Value, ...]:
    """Return the values that a rule of `ablate.stats.best_set` chooses; none without scores."""
    cells = cells_of(question, answers, metric)
    if not cells.scores.size:
        return ()
    chosen = choose(
        question.sign_of(metric) * cells.scores,
        alpha=question.alpha,
        images=question.images,
        groups=cells.groups,
    )
    return tuple(question.values[at] for at in chosen)


def _block_scores(question: RegisteredQuestion, answers: pd.DataFrame) -> np.ndarray:
    """Return block means [blocks, values, metrics], larger meaning better."""
    tables = {metric: cells_of(question, answers, metric) for metric in question.metrics}
    if len({cells.blocks for cells in tables.values()}) > 1:
        raise DataError("answers: the metrics have different blocks; score every metric everywhere")
    if bare := [metric for metric, cells in tables.items() if not cells.scores.size]:
        raise DataError(f"answers: no image has a number for {bare[0]} everywhere; leave it out")
    return np.stack(
        [question.sign_of(metric) * cells.scores.mean(axis=2) for metric, cells in tables.items()],
        axis=2,
    )


def _outcome(row: Row, *, alpha: float) -> str:
    """Return win, loss, tie or undecided."""
    if row.verdict == "not answerable" or row.ci_low is None or row.ci_high is None:
        return "undecided"
    margin = row.smallest_effect
    if margin is not None and is_equivalent(low=row.ci_low, high=row.ci_high, margin=margin):
        return "tie"
    if row.p_holm is not None and row.p_holm < alpha:
        return "win" if row.is_better else "loss"
    return "undecided"
