"""Whether an answer hangs on the metric that selected the tuning points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from ablate.analysis.facts import Facts, Selected
from ablate.analysis.judging import judge
from ablate.analysis.question import RegisteredQuestion
from ablate.analysis.selection import select
from ablate.analysis.verdict import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Reselection:
    """The answer where another val metric had selected.

    `own` has the size of every contrast in that metric itself, where it decides: of points that
    another one chose it may be of other size, since they are not its best.
    """

    metric: str
    verdict: Answer
    reason: str
    own: Mapping[str, float] = field(default_factory=dict)  # contrast to percent of the pilot mean


def reselected(
    points: pd.DataFrame,
    images: pd.DataFrame,
    *,
    question: RegisteredQuestion,
    metrics: Sequence[str],
    drops_lost_points: bool = False,
) -> dict[str, Selected]:
    """Return the answers of the same runs, selected by each metric in turn."""
    return {
        metric: select(
            points,
            images,
            metric=metric,
            better=question.better,
            drops_lost_points=drops_lost_points,
        )
        for metric in metrics
    }


def sensitivity(
    points: pd.DataFrame,
    images: pd.DataFrame,
    *,
    question: RegisteredQuestion,
    facts: Facts,
    metrics: Sequence[str],
    drops_lost_points: bool = False,
) -> tuple[Reselection, ...]:
    """Return the answer per selecting metric; they differ where the answer hangs on it.

    Args:
        points: As of `select`, with "val/METRIC" for every metric.
        images: As of `select`.
        question: What is asked.
        facts: The study around it.
        metrics: Metrics that select, the registered one first.
        drops_lost_points: As of `select`.
    """
    found = []
    chosen = reselected(
        points,
        images,
        question=question,
        metrics=metrics,
        drops_lost_points=drops_lost_points,
    )
    for metric, selected in chosen.items():
        verdict = judge(question, selected, facts)
        own = {
            row.contrast: row.percent
            for row in verdict.rows_of("primary")
            if row.metric == metric and row.percent is not None
        }
        found.append(
            Reselection(metric=metric, verdict=verdict.verdict, reason=verdict.reason, own=own)
        )
    return tuple(found)
