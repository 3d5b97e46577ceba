"""Two factors at once: contrasts of contrasts, and whether a ranking survives the other factor."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis.cells import cells_of
from ablate.analysis.contrasts import INTERACTION, interaction
from ablate.analysis.question import Contrast, RegisteredQuestion, Value, label_of, metric_label
from ablate.designs.full_factorial import cell
from ablate.stats.ranks import kendall_tau


def interactions(
    crossed: Sequence[Mapping[str, Any]], *, is_registered: bool
) -> tuple[Contrast, ...]:
    """Return the contrasts of contrasts of two factors, over all their combinations.

    One per pair of values that are not the baseline: what the value of the first factor adds to
    its baseline, at the value of the second, minus the same at the baseline of the second.

    Args:
        crossed: Of both factors "factor", "values", "baseline".
        is_registered: Whether the file asked; else they are exploratory.

    Example:
        >>> two = [{"factor": "a", "values": [0, 1], "baseline": 0},
        ...        {"factor": "b", "values": [0, 1], "baseline": 0}]
        >>> [(c.name, c.weights) for c in interactions(two, is_registered=True)]
        [('interaction a (1 vs 0) x b (1 vs 0)', (1.0, -1.0, -1.0, 1.0))]
    """
    first, second = crossed
    all_cells = cells_in_order(crossed)
    found = []
    for a, b in itertools.product(_others(first), _others(second)):
        name = INTERACTION + " x ".join(
            f"{one['factor']} ({label_of(value)} vs {label_of(one['baseline'])})"
            for one, value in ((first, a), (second, b))
        )
        cells, contrast = interaction(
            name=name,
            first={first["baseline"]: -1, a: 1},
            second={second["baseline"]: -1, b: 1},
            is_registered=is_registered,
        )
        weights = dict(zip(cells, contrast.weights, strict=True))
        found.append(
            Contrast(
                name=name,
                weights=tuple(weights.get(one, 0.0) for one in all_cells),
                is_exploratory=contrast.is_exploratory,
                expects="differs",
            )
        )
    return tuple(found)


def cells_in_order(crossed: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the combinations of two factors, the second changing fastest."""
    first, second = crossed
    return [cell(a, b) for a, b in itertools.product(first["values"], second["values"])]


def agreement(
    question: RegisteredQuestion, crossed: Sequence[Mapping[str, Any]], answers: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return how alike the values of the first factor rank at each value of the second.

    One entry per metric and value of the second factor that is not its baseline: the two orders,
    best mean first, Kendall's tau between them, its mean over blocks, and whether the best is the
    same. A description beside the contrasts: orders of values that hardly differ change by chance,
    which the tau over blocks shows.
    """
    first, second = crossed
    shape = (len(first["values"]), len(second["values"]))
    found = []
    for metric in question.metrics:
        scores = cells_of(question, answers, metric).scores
        if not scores.size:
            continue
        means = question.sign_of(metric) * scores.mean(axis=2).reshape(-1, *shape)
        base = second["values"].index(second["baseline"])
        for at, value in enumerate(second["values"]):
            if at == base:
                continue
            taus = float(np.mean([kendall_tau(block[:, base], block[:, at]) for block in means]))
            tau = kendall_tau(*(means.mean(axis=0)[:, place] for place in (base, at)))
            orders = [_order(first["values"], means.mean(axis=0)[:, place]) for place in (base, at)]
            found.append(
                {
                    "metric": metric,
                    "factor": second["factor"],
                    "baseline": second["baseline"],
                    "value": value,
                    "order_at_baseline": orders[0],
                    "order_at_value": orders[1],
                    "tau": tau,
                    "tau_over_blocks": taus,
                    "same_best": orders[0][0] == orders[1][0],
                    "sentence": (
                        f"{metric_label(metric)}, best first: {_listed(orders[0])} at "
                        f"{second['factor']} {label_of(second['baseline'])}, {_listed(orders[1])} "
                        f"at {label_of(value)} (Kendall's tau {tau:+.2f}, over single blocks "
                        f"{taus:+.2f}; described, not tested)."
                    ),
                }
            )
    return found


def _others(factor: Mapping[str, Any]) -> list[Value]:
    return [value for value in factor["values"] if value != factor["baseline"]]


def _listed(values: Sequence[Value]) -> str:
    return " > ".join(label_of(value) for value in values)


def _order(values: Sequence[Value], means: Any) -> list[Value]:
    return [values[at] for at in np.argsort(-means, kind="stable")]
