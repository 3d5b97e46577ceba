"""Every combination of the values of all factors."""

import itertools
from typing import Any

from ablate.designs.contract import DESIGNS, Inputs, Row, Rows, filled, free


@DESIGNS.register("full_factorial")
def full_factorial(inputs: Inputs) -> Rows:
    """Return all combinations, the last factor changing fastest; tied factors move together."""
    factors = inputs.factors
    names = free(factors)
    rows = itertools.product(*[factors[name].values for name in names])
    return [Row(values=filled(factors, dict(zip(names, row, strict=True)))) for row in rows]


def cell(first: Any, second: Any) -> str:
    """Return the name of a combination of two values.

    Example:
        >>> cell("signed", 3), cell(0.70710678, True)
        ('signed x 3', '0.7071 x True')
    """
    parts = (
        f"{value:.4g}" if isinstance(value, float) else str(value) for value in (first, second)
    )
    return " x ".join(parts)
