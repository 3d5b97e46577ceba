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
            found.append(
                compared_orders(
                    metric,
                    first.values,
                    (means[..., base], means[..., at]),
                    of=(second.factor, second.baseline, value),
                    where=(
                        f"at {second.factor} {label_of(second.baseline)}",
                        f"at {label_of(value)}",
                    ),
                )
            )
    return tuple(found)


def compared_orders(
    metric: str,
    values: Sequence[Value],
    means: tuple[Floats, Floats],
    *,
    of: tuple[str, Value, Value],
    where: tuple[str, str],
) -> Agreement:
    """Return how alike values rank in one metric at two places.

    Args:
        metric: Whose means are ranked.
        values: Those ranked.
        means: At both places, [blocks, values], larger ones better; the same blocks in the same
            order.
        of: The factor that names the places, its value at the first and at the second.
        where: Both places in the words of the sentence.
    """
    first, second = (place.mean(axis=0) for place in means)
    before, after = order(values, first), order(values, second)
    tau = kendall_tau(first, second)
    taus = float(np.mean([kendall_tau(*block) for block in zip(*means, strict=True)]))
    factor, baseline, value = of
    return Agreement(
        metric=metric,
        factor=factor,
        baseline=baseline,
        value=value,
        order_at_baseline=before,
        order_at_value=after,
        tau=tau,
        tau_over_blocks=taus,
        same_best=before[0] == after[0],
        sentence=(
            f"{metric_label(metric)}, best first: {listed(before)} {where[0]}, {listed(after)} "
            f"{where[1]} (Kendall's tau {tau:+.2f}, over single blocks {taus:+.2f}; described, "
            f"not tested)."
        ),
    )


def listed(values: Sequence[Value]) -> str:
    """Return values in words, the first the best."""
    return " > ".join(label_of(value) for value in values)


def order(values: Sequence[Value], means: Floats) -> tuple[Value, ...]:
    """Return the values by their means, larger ones first."""
    return tuple(values[at] for at in np.argsort(-means, kind="stable"))
