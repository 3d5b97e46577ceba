"""Every combination of the values of all factors."""

import itertools
from collections.abc import Mapping

from ablate.config.schema import Factor
from ablate.designs.contract import DESIGNS, Rows, value_at


@DESIGNS.register("full_factorial")
def full_factorial(factors: Mapping[str, Factor]) -> Rows:
    """Return all combinations, the last factor changing fastest; tied factors move together."""
    free = [name for name, factor in factors.items() if not factor.tied_to]
    rows = itertools.product(*[factors[name].values for name in free])
    return [
        {name: value_at(factors, name, dict(zip(free, row, strict=True))) for name in factors}
        for row in rows
    ]
