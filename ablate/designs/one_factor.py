"""One factor at a time: the baseline, then every other value of every factor."""

from typing import Any

from ablate.designs.contract import DESIGNS, Inputs, Row, Rows, filled, free


@DESIGNS.register("one_factor")
def one_factor(inputs: Inputs) -> Rows:
    """Return the baseline row and one row per non-baseline value; tied factors move together."""
    factors = inputs.factors
    chosen: list[dict[str, Any]] = [{}] + [
        {name: value}
        for name in free(factors)
        for value in factors[name].values
        if value != factors[name].baseline
    ]
    return [Row(values=filled(factors, row)) for row in chosen]
