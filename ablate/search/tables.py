"""Samplers that are tables: suggestion k is row k, whatever was told."""

import itertools
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from ablate.config.schema import Dimension, VectorDimension
from ablate.errors import ConfigError
from ablate.search.contract import SAMPLERS, Ask
from ablate.search.space import distribution


class Points(optuna.samplers.BaseSampler):
    """Hands out one point that is already known: for sequences that need no history.

    Args:
        point: Position in (0, 1) of every parameter by name.
    """

    def __init__(self, point: Mapping[str, float]) -> None:
        self._point = point

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, BaseDistribution]:
        """Return nothing: every parameter is sampled by itself."""
        return {}

    def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
        """Return nothing: every parameter is sampled by itself."""
        return {}

    def sample_independent(
        self, study: Any, trial: Any, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the value at this point's position in the parameter."""
        return at(param_distribution, self._point[param_name])


@SAMPLERS.register("qmc")
def sobol(ask: Ask) -> optuna.samplers.BaseSampler:
    """Scrambled Sobol sequence over all dimensions; point k is point k, however one resumes."""
    from scipy.stats import qmc  # a plan does not wait for it

    engine = qmc.Sobol(d=len(ask.parameters), scramble=True, rng=ask.study_seed)
    if ask.number:
        engine.fast_forward(ask.number)
    return Points(dict(zip(ask.parameters, engine.random(1)[0].tolist(), strict=True)))


@SAMPLERS.register("grid")
def grid(ask: Ask) -> optuna.samplers.BaseSampler:
    """Full grid in design order; a float dimension needs a `step`."""
    axes = discrete_values(ask.dimensions, sampler="grid")
    cells = list(itertools.product(*[range(len(values)) for values in axes.values()]))
    cell = cells[ask.number % len(cells)]
    return Points(
        {
            name: (index + 0.5) / len(values)
            for (name, values), index in zip(axes.items(), cell, strict=True)
        }
    )


def discrete_values(dimensions: Mapping[str, Dimension], *, sampler: str) -> dict[str, list[Any]]:
    """Return dimension -> all its values.

    Raises:
        ConfigError: Dimensions are continuous; one line for each.
    """
    found: dict[str, list[Any]] = {}
    faults: list[str] = []
    for name, dimension in dimensions.items():
        if isinstance(dimension, VectorDimension):
            faults.append(
                f"dimensions.{name}: {sampler} needs discrete values and a {dimension.type} list "
                "has none; use the sampler qmc, or a bundle of named lists"
            )
            continue
        values = values_of(distribution(dimension))
        if values is None:
            mend = "a step, or " if not dimension.log else ""
            faults.append(
                f"dimensions.{name}: {sampler} needs discrete values; give the dimension {mend}"
                f"choices, or use the sampler qmc"
            )
        else:
            found[name] = values
    if faults:
        raise ConfigError(*faults)
    return found


def values_of(distribution: BaseDistribution) -> list[Any] | None:
    """Return all values of a discrete distribution, None for a continuous one."""
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    if isinstance(distribution, IntDistribution) and not distribution.log:
        return list(range(distribution.low, distribution.high + 1, distribution.step))
    if isinstance(distribution, FloatDistribution) and distribution.step is not None:
        count = round((distribution.high - distribution.low) / distribution.step) + 1
        return [distribution.low + index * distribution.step for index in range(count)]
    return None


def at(distribution: BaseDistribution, position: float) -> Any:
    """Return the value at `position` in [0, 1] of a distribution, log scales respected."""
    values = values_of(distribution)
    if values is not None:
        return values[min(int(position * len(values)), len(values) - 1)]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high = float(distribution.low), float(distribution.high)
    value = low * (high / low) ** position if distribution.log else low + (high - low) * position
    if isinstance(distribution, IntDistribution):
        return min(max(round(value), distribution.low), distribution.high)
    return min(max(value, low), high)
