"""A regular fraction 2^(k-p) of all combinations of two-valued factors."""

from collections.abc import Sequence

from ablate.designs.aliases import Fraction, fraction
from ablate.designs.contract import DESIGNS, Inputs, Row, Rows, filled, free
from ablate.errors import ConfigError


@DESIGNS.register("fractional_factorial")
def fractional_factorial(inputs: Inputs, *, generators: Sequence[str]) -> Rows:
    """Return 2^(k-p) rows; -1 is the baseline of a factor, +1 its other value.

    Args:
        inputs: Factors of the study, all free ones with two values.
        generators: p texts such as "d = a * b * c": the column of d is the product of the others.

    Raises:
        ConfigError: A factor has more than two values, or a generator is wrong.

    Source:
        Box, Hunter and Hunter 2005, Statistics for Experimenters, ch. 6.
    """
    factors = inputs.factors
    rows: Rows = []
    for signs in fraction_of(inputs, generators=generators).signs():
        chosen = {
            name: factors[name].baseline
            if sign < 0
            else next(v for v in factors[name].values if v != factors[name].baseline)
            for name, sign in signs.items()
        }
        rows.append(Row(values=filled(factors, chosen)))
    return rows


def fraction_of(inputs: Inputs, *, generators: Sequence[str]) -> Fraction:
    """Return the fraction of a phase, which knows its resolution and aliases.

    Raises:
        ConfigError: A factor has more than two values, or a generator is wrong.
    """
    where = f"phases.{inputs.phase}"
    names = free(inputs.factors)
    many = [name for name in names if len(inputs.factors[name].values) != 2]
    if many:
        raise ConfigError(
            *(
                f"{where}: factors.{name}.values: a fraction takes two values, not "
                f"{len(inputs.factors[name].values)}; keep two, or use full_factorial"
                for name in many
            )
        )
    return fraction(names, generators, where=f"{where}.options.generators")
