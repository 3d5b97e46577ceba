"""The ablation path: from the baseline to the best, one change after the other, each retrained."""

from collections.abc import Mapping, Sequence
from typing import Any

from ablate.designs.contract import DESIGNS, Inputs, Row, Rows, baseline, filled
from ablate.designs.ends import best_values
from ablate.errors import ConfigError


@DESIGNS.register("path")
def path(inputs: Inputs, *, best: Mapping[str, Any], order: Sequence[str] | None = None) -> Rows:
    """Return the baseline row, then one row per change, the last one the best.

    Unlike `add_one_in`, every row keeps the changes before it, so the order matters: what a step
    gains is conditional on those before. The order is a table and not found greedily; a greedy
    order would be chosen by the results that it reports.

    Args:
        inputs: Factors of the study.
        best: Factor -> value at the end of the path.
        order: The changed factors in the order of the steps; by default that of the file.

    Raises:
        ConfigError: The best changes nothing, or the order does not name exactly what changes.

    Source:
        Fawcett and Hoos 2016, Analysing differences between algorithm configurations through
        ablation, Journal of Heuristics 22 (the path; the greedy order is left out).
    """
    where = f"phases.{inputs.phase}.options"
    changed = best_values(inputs.factors, best, where=f"{where}.best")
    steps = list(order) if order is not None else list(changed)
    if set(steps) != set(changed):
        raise ConfigError(
            f"{where}.order: must name what changes, each once: {', '.join(changed)}; "
            f"got {', '.join(steps)}"
        )
    rows = [Row(values=baseline(inputs.factors), change="none")]
    done: dict[str, Any] = {}
    for name in steps:
        done[name] = changed[name]
        values = filled(inputs.factors, done)
        rows.append(Row(values=values, change=f"+ {name} {changed[name]}"))
    return rows
