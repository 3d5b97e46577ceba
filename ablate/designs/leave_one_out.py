"""Leave one out: everything at its best, then each factor alone back at its baseline."""

from collections.abc import Mapping
from typing import Any

from ablate.designs.contract import DESIGNS, Inputs, Row, Rows, filled
from ablate.designs.ends import best_values


@DESIGNS.register("leave_one_out")
def leave_one_out(inputs: Inputs, *, best: Mapping[str, Any] | None = None) -> Rows:
    """Return the best row and, per changed factor, the row without that change.

    Args:
        inputs: Factors of the study.
        best: Factor -> value of the full method; by default the other value of two-valued factors.
    """
    where = f"phases.{inputs.phase}.options.best"
    full = best_values(inputs.factors, best, where=where)
    rows = [Row(values=filled(inputs.factors, full), change="all")]
    for name in full:
        rest = {other: value for other, value in full.items() if other != name}
        rows.append(Row(values=filled(inputs.factors, rest), change=f"without {name}"))
    return rows
