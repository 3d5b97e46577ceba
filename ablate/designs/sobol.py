"""Exploration: scrambled Sobol points over factors, nuisance and a control that does nothing."""

from collections.abc import Mapping
from typing import Any

from ablate.config.schema import Dimension, Factor
from ablate.designs.contract import DESIGNS, Inputs, Row, Rows, filled, free
from ablate.designs.points import scrambled, value_of
from ablate.identity import derive_seed


@DESIGNS.register("sobol")
def sobol(inputs: Inputs) -> Rows:
    """Return `trials` rows that spread over all factors, nuisance dimensions and the control.

    A float factor that no other is tied to takes any number of its dimension's range; every other
    factor takes its listed values equally often (to within one). The control is uniform in
    [0, 1) and sets nothing: what seems to depend on it is noise. Of several factors of one
    dimension the first is spread, the others keep their baseline.
    """
    factors, names = inputs.factors, _one_per_dimension(inputs.factors)
    width = len(names) + len(inputs.nuisance) + 1
    points = scrambled(
        count=inputs.trials, dimensions=width, seed=derive_seed(inputs.seed, inputs.phase, "sobol")
    )
    columns = list(zip(*points, strict=True))
    leaders = {factor.tied_to for factor in factors.values()}
    chosen = {
        name: _spread(
            factors[name],
            inputs.dimensions.get(factors[name].dimension),
            columns[index],
            is_leader=name in leaders,
        )
        for index, name in enumerate(names)
    }
    rows: Rows = []
    for index, point in enumerate(points):
        tuned = zip(inputs.nuisance.items(), point[len(names) :], strict=False)
        rows.append(
            Row(
                values=filled(factors, {name: chosen[name][index] for name in names}),
                nuisance={name: value_of(dimension, x) for (name, dimension), x in tuned},
                dummy=round(point[-1], 6),
                point=index + 1,
            )
        )
    return rows


def _one_per_dimension(factors: Mapping[str, Factor]) -> list[str]:
    first: dict[str, str] = {}
    for name in free(factors):
        first.setdefault(factors[name].dimension, name)
    return list(first.values())


def _spread(
    factor: Factor, dimension: Dimension | None, positions: tuple[float, ...], *, is_leader: bool
) -> list[Any]:
    """Return one value per position."""
    if dimension is not None and dimension.type == "float" and not is_leader:
        return [value_of(dimension, position) for position in positions]
    order = sorted(range(len(positions)), key=positions.__getitem__)
    rank = {index: place for place, index in enumerate(order)}
    count = len(factor.values)
    return [factor.values[rank[index] * count // len(positions)] for index in range(len(positions))]
