"""Dimensions as Optuna distributions, and define-by-run for the conditional ones."""

from collections.abc import Mapping
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from ablate.config.apply import active, size_of
from ablate.config.dimensions import paths_of
from ablate.config.expressions import parse
from ablate.config.schema import Dimension, VectorDimension
from ablate.identity import canonical_json
from ablate.positions import on_step
from ablate.search.vectors import distribution_of, parameter_names, to_list, to_positions


def distributions(dimensions: Mapping[str, Dimension]) -> dict[str, BaseDistribution]:
    """Return one distribution per parameter; ranges are closed at both ends.

    A list-valued dimension has one parameter fewer than its longest list has numbers.
    """
    found: dict[str, BaseDistribution] = {}
    for name, dimension in dimensions.items():
        if isinstance(dimension, VectorDimension):
            names = parameter_names(dimension, dimension.largest)
            found.update(dict.fromkeys(names, distribution_of(dimension)))
        else:
            found[name] = distribution(dimension)
    return found


def always(dimensions: Mapping[str, Dimension]) -> frozenset[str]:
    """Return the parameters that no condition and no size can take away."""
    return frozenset(
        parameter
        for name, dimension in dimensions.items()
        if dimension.when is None
        for parameter in distributions({name: dimension})
        if not isinstance(dimension, VectorDimension) or isinstance(dimension.size, int)
    )


def distribution(dimension: Dimension) -> BaseDistribution:
    """Return the dimension as Optuna knows it; a bundle is a choice among its names."""
    if dimension.choices is not None:
        return CategoricalDistribution([_kept(dimension, one) for one in dimension.choices])
    assert dimension.low is not None
    assert dimension.high is not None
    if dimension.type == "int":
        return IntDistribution(
            int(dimension.low),
            int(dimension.high),
            log=dimension.log,
            step=int(dimension.step or 1),
        )
    return FloatDistribution(
        float(dimension.low), float(dimension.high), log=dimension.log, step=dimension.step
    )


def parameters_of(
    dimensions: Mapping[str, Dimension], values: Mapping[str, Any]
) -> dict[str, tuple[Any, BaseDistribution]]:
    """Return parameter -> its value and distribution, for values of dimensions.

    Values of other names, and a list that was named instead of written out, have no parameters.
    """
    found: dict[str, tuple[Any, BaseDistribution]] = {}
    for name, value in values.items():
        dimension = dimensions.get(name)
        if isinstance(dimension, VectorDimension):
            if not isinstance(value, str):
                shape = distribution_of(dimension)
                names = parameter_names(dimension, len(value))
                positions = to_positions(dimension, value)
                found.update({n: (p, shape) for n, p in zip(names, positions, strict=True)})
        elif dimension is not None:
            found[name] = (_kept(dimension, value), distribution(dimension))
    return found


def _kept(dimension: Dimension, value: Any) -> Any:
    """Return a value as Optuna keeps it.

    Optuna knows no lists and mappings and takes True for 1: where a choice is one of these, all are
    kept as JSON. A stepped number of an older store may miss its decimal form in the last bit.
    """
    if dimension.choices is not None:
        return value if _are_plain(tuple(dimension.choices)) else canonical_json(value)
    if dimension.type == "float" and dimension.step is not None:
        return on_step(value, low=float(dimension.low or 0), step=dimension.step)
    return value


def _are_plain(choices: tuple[Any, ...]) -> bool:
    is_scalar = all(one is None or isinstance(one, str | int | float) for one in choices)
    return is_scalar and len(set(choices)) == len(choices)


def suggest_values(
    trial: Trial, dimensions: Mapping[str, Dimension], base: Mapping[str, Any]
) -> dict[str, Any]:
    """SamplerContext the trial for every dimension that is active given those asked before it."""
    values: dict[str, Any] = {}
    waiting = dict(dimensions)
    while waiting:
        ready = [n for n, some in waiting.items() if not _needs(some, waiting)] or list(waiting)
        name = ready[0]
        dimension = waiting.pop(name)
        assumed = {**values, name: dimension.baseline}
        if name not in active({n: dimensions[n] for n in assumed}, assumed, base):
            continue
        if isinstance(dimension, VectorDimension):
            size = size_of(dimension, dimensions, values, base)
            shape = distribution_of(dimension)
            positions = [float(_ask(trial, n, shape)) for n in parameter_names(dimension, size)]
            values[name] = to_list(dimension, positions)
        else:
            found = _ask(trial, name, distribution(dimension))
            by_kept = {_kept(dimension, one): one for one in dimension.choices or ()}
            values[name] = by_kept.get(found, found) if by_kept else _kept(dimension, found)
    return values


def _needs(dimension: Dimension, others: Mapping[str, Dimension]) -> list[str]:
    """Return the other dimensions that its condition or its size depends on."""
    names = set(parse(dimension.when).names if dimension.when else ())
    if isinstance(dimension, VectorDimension) and isinstance(dimension.size, str):
        names.add(dimension.size)
    return [
        other.name
        for other in others.values()
        if other.name != dimension.name
        and (
            other.name in names
            or any(path in names or path.rpartition(".")[2] in names for path in paths_of(other))
        )
    ]


def _ask(trial: Trial, name: str, shape: BaseDistribution) -> Any:
    if isinstance(shape, CategoricalDistribution):
        return trial.suggest_categorical(name, shape.choices)
    if isinstance(shape, IntDistribution):
        return trial.suggest_int(name, shape.low, shape.high, step=shape.step, log=shape.log)
    assert isinstance(shape, FloatDistribution)
    return trial.suggest_float(name, shape.low, shape.high, step=shape.step, log=shape.log)
