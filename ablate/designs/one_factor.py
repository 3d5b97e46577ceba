"""One factor at a time: the baseline, then every other value of every factor."""

from collections.abc import Mapping
from typing import Any

from ablate.config.schema import Factor
from ablate.designs.contract import DESIGNS, Rows, value_at


@DESIGNS.register("one_factor")
def one_factor(factors: Mapping[str, Factor]) -> Rows:
    """Return the baseline row and one row per non-baseline value; tied factors move together."""
    free = [name for name, factor in factors.items() if not factor.tied_to]
    chosen: list[dict[str, Any]] = [{}] + [
        {name: value}
        for name in free
        for value in factors[name].values
        if value != factors[name].baseline
    ]
    return [{name: value_at(factors, name, row) for name in factors} for row in chosen]
