"""Leave one out: the full method, then the method without each of its components."""

from collections.abc import Mapping
from typing import Any

from ablate.config.schema import Factor
from ablate.designs.components import FULL, row_name
from ablate.designs.contract import DESIGNS, Inputs, Row, Rows, baseline, filled, free
from ablate.designs.ends import best_values
from ablate.errors import ConfigError


@DESIGNS.register("leave_one_out")
def leave_one_out(inputs: Inputs, *, best: Mapping[str, Any] | None = None) -> Rows:
    """Return the full method and, per component, the row without it.

    By default the baseline is the full method, and a component is left out by its value `without`
    (of two values the one that is not the baseline). Where `best` names the full method, a
    component is left out by its baseline.

    Args:
        inputs: Factors of the study.
        best: Factor -> value of the full method, where it is not the baseline.

    Raises:
        ConfigError: Nothing says which of several values is the method without a component, or
            the baseline is already without it.
    """
    if best is None:
        factors = inputs.factors
        if wrong := [text for name in free(factors) if (text := _wrong(factors[name]))]:
            raise ConfigError(*wrong)
        return [Row(values=baseline(factors), change=FULL)] + [
            Row(
                values=filled(factors, {name: factors[name].off}),
                change=row_name(factors[name], factors[name].off),
            )
            for name in free(factors)
        ]
    where = f"phases.{inputs.phase}.options.best"
    full = best_values(inputs.factors, best, where=where)
    rows = [Row(values=filled(inputs.factors, full), change="all")]
    for name in full:
        rest = {other: value for other, value in full.items() if other != name}
        rows.append(Row(values=filled(inputs.factors, rest), change=f"without {name}"))
    return rows


def _wrong(factor: Factor) -> str:
    """Return why a factor cannot be left out, "" if it can."""
    if factor.off is None:
        others = ", ".join(map(str, factor.others))
        return (
            f"factors.{factor.name}.without: is missing; say which of {others} is the method "
            f"without {factor.name}, for example without: {factor.others[-1]}"
        )
    if factor.off == factor.baseline:
        return (
            f"factors.{factor.name}.baseline: {factor.baseline} is without {factor.name} already, "
            "and leave_one_out begins at the full method; name the value of the full method, or "
            "use add_one_in"
        )
    return ""
