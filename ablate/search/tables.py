"""Samplers that are tables: suggestion k is row k, whatever has finished."""

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
from ablate.positions import NEWEST, Axis
from ablate.search.contract import SAMPLERS, SamplerContext
from ablate.search.space import distribution


class Points(optuna.samplers.BaseSampler):
    """Hands out one point that is already known: for sequences that need no history.

    Args:
        point: Position in (0, 1) of every parameter by name.
        version: Of the map from positions to values.
    """

    def __init__(self, point: Mapping[str, float], *, version: int = NEWEST) -> None:
        self._point, self._version = point, version

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
        return axis_of(param_distribution, version=self._version).value(self._point[param_name])


@SAMPLERS.register("qmc")
def sobol(context: SamplerContext) -> optuna.samplers.BaseSampler:
    """Scrambled Sobol sequence over all dimensions; point k is point k, however one resumes."""
    from scipy.stats import qmc  # a plan does not wait for it

    engine = qmc.Sobol(d=len(context.parameters), scramble=True, rng=context.study_seed)
    if context.number:
        engine.fast_forward(context.number)
    point = dict(zip(context.parameters, engine.random(1)[0].tolist(), strict=True))
    return Points(point, version=context.positions)


@SAMPLERS.register("grid")
def grid(context: SamplerContext) -> optuna.samplers.BaseSampler:
    """Full grid in design order; a float dimension needs a `step`."""
    axes = discrete_values(context.dimensions, sampler="grid")
    cells = list(itertools.product(*[range(len(values)) for values in axes.values()]))
    cell = cells[context.number % len(cells)]
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
        values = axis_of(distribution(dimension)).values
        if values is None:
            step = "a step, or " if not dimension.log else ""
            faults.append(
                f"dimensions.{name}: {sampler} needs discrete values; give the dimension {step}"
                f"choices, or use the sampler qmc"
            )
        else:
            found[name] = list(values)
    if faults:
        raise ConfigError(*faults)
    return found


def axis_of(distribution: BaseDistribution, *, version: int = NEWEST) -> Axis:
    """The axis that a distribution of Optuna is, its ends as Optuna has them."""
    if isinstance(distribution, CategoricalDistribution):
        return Axis(choices=tuple(distribution.choices))
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    return Axis(
        low=distribution.low,
        high=distribution.high,
        step=distribution.step,
        is_log=distribution.log,
        is_whole=isinstance(distribution, IntDistribution),
        version=version,
    )
