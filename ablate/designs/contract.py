"""What a design is: a table of factor values, written before anything runs."""

from collections.abc import Callable, Mapping
from typing import Any

from ablate.config.schema import Factor
from ablate.registry import Registry

Rows = list[dict[str, Any]]  # one row per trial: factor name -> value
DESIGNS: Registry[Callable[[Mapping[str, Factor]], Rows]] = Registry(
    "design", package="ablate.designs"
)


def baseline(factors: Mapping[str, Factor]) -> dict[str, Any]:
    """Return the row in which every factor has its baseline value."""
    return {name: value_at(factors, name, {}) for name in factors}


def value_at(factors: Mapping[str, Factor], name: str, chosen: Mapping[str, Any]) -> Any:
    """Return the value of a factor; a tied one follows the index of the factor it is tied to."""
    factor = factors[name]
    if factor.tied_to:
        leader = factors[factor.tied_to]
        value = chosen.get(factor.tied_to, leader.baseline)
        return factor.values[list(leader.values).index(value)]
    return chosen.get(name, factor.baseline)
