"""Every combination of the values of all factors."""

import itertools

from ablate.designs.contract import DESIGNS, Inputs, Row, Rows, filled, free


@DESIGNS.register("full_factorial")
def full_factorial(inputs: Inputs) -> Rows:
    """Return all combinations, the last factor changing fastest; tied factors move together."""
    factors = inputs.factors
    names = free(factors)
    rows = itertools.product(*[factors[name].values for name in names])
    return [Row(values=filled(factors, dict(zip(names, row, strict=True)))) for row in rows]
