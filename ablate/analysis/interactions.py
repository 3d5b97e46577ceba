"""Whether a ranking of values survives another factor."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablate.analysis.cells import cells_of
from ablate.analysis.question import RegisteredQuestion, label_of, metric_label
from ablate.published import Value
from ablate.stats.arrays import Floats
from ablate.stats.ranks import kendall_tau


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How alike the values of one factor rank at two values of another, in one metric.

    Args:
        metric: Whose means are ranked.
        factor: The other factor.
        baseline: Its baseline.
        value: Another one of its values.
        order_at_baseline: The values of the first factor, best mean first.
        order_at_value: The same there.
        tau: Kendall's tau between the two orders.
        tau_over_blocks: Mean of the tau of single blocks.
        same_best: Whether the best value is the same.
        sentence: All of this in words.
    """

    metric: str
    factor: str
    baseline: Value
    value: Value
    order_at_baseline: tuple[Value, ...]
    order_at_value: tuple[Value, ...]
    tau: float
    tau_over_blocks: float
    same_best: bool
    sentence: str


def agreement(question: RegisteredQuestion, answers: pd.DataFrame) -> tuple[Agreement, ...]:
    """How alike the values of the first crossed factor rank at each value of the second.

    One entry per metric and value of the second factor that is not its baseline. A description
    beside the contrasts: orders of values that hardly differ change by chance, which the tau over
    blocks shows.
    """
    first, second = question.crossed
    shape = (len(first.values), len(second.values))
    found = []
    for metric in question.metrics:
        scores = cells_of(question, answers, metric).scores
        if not scores.size:
            continue
        means = question.sign_of(metric) * scores.mean(axis=2).reshape(-1, *shape)
        base = second.values.index(second.baseline)
        for at, value in enumerate(second.values):
            if at == base:
                continue
            taus = float(np.mean([kendall_tau(block[:, base], block[:, at]) for block in means]))
            tau = kendall_tau(*(means.mean(axis=0)[:, place] for place in (base, at)))
            before, there = (
                order(first.values, means.mean(axis=0)[:, place]) for place in (base, at)
            )
            found.append(
                Agreement(
                    metric=metric,
                    factor=second.factor,
                    baseline=second.baseline,
                    value=value,
                    order_at_baseline=before,
                    order_at_value=there,
                    tau=tau,
                    tau_over_blocks=taus,
                    same_best=before[0] == there[0],
                    sentence=(
                        f"{metric_label(metric)}, best first: {listed(before)} at "
                        f"{second.factor} {label_of(second.baseline)}, {listed(there)} "
                        f"at {label_of(value)} (Kendall's tau {tau:+.2f}, over single blocks "
                        f"{taus:+.2f}; described, not tested)."
                    ),
                )
            )
    return tuple(found)


def listed(values: Sequence[Value]) -> str:
    """Return values in words, the first the best."""
    return " > ".join(label_of(value) for value in values)


def order(values: Sequence[Value], means: Floats) -> tuple[Value, ...]:
    """Return the values by their means, larger ones first."""
    return tuple(values[at] for at in np.argsort(-means, kind="stable"))
