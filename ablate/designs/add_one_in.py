"""Add one in: everything at its baseline, then each factor alone at its best."""

from collections.abc import Mapping
from typing import Any

from ablate.designs.contract import DESIGNS, Inputs, Row, Rows, baseline, filled
from ablate.designs.ends import best_values


@DESIGNS.register("add_one_in")
def add_one_in(inputs: Inputs, *, best: Mapping[str, Any] | None = None) -> Rows:
    """Return the baseline row and, per changed factor, the row with that change alone.

    Args:
        inputs: Factors of the study.
        best: Factor -> value of the full method; by default the other value of two-valued factors.
    """
    where = f"phases.{inputs.phase}.options.best"
    full = best_values(inputs.factors, best, where=where)
    return [Row(values=baseline(inputs.factors), change="none")] + [
        Row(values=filled(inputs.factors, {name: value}), change=f"with {name}")
        for name, value in full.items()
    ]
