"""The samplers by name: each makes suggestion k from (seed, k) and what was told by then."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from scipy.stats import qmc

from ablate.errors import ConfigError
from ablate.registry import Registry

Maker = Callable[..., optuna.samplers.BaseSampler]
SAMPLERS: Registry[Maker] = Registry("sampler")


@SAMPLERS.register("tpe")
def tpe(*, seed: int, startup: int = 10, **_: Any) -> optuna.samplers.BaseSampler:
    """Tree-structured Parzen estimator, univariate, with constant liar for open trials."""
    return optuna.samplers.TPESampler(
        seed=seed, n_startup_trials=startup, multivariate=False, constant_liar=True
    )


@SAMPLERS.register("random")
def random(*, seed: int, **_: Any) -> optuna.samplers.BaseSampler:
    """Independent uniform draws."""
    return optuna.samplers.RandomSampler(seed=seed)


@SAMPLERS.register("brute_force")
def brute_force(*, seed: int, **_: Any) -> optuna.samplers.BaseSampler:
    """Every combination of a discrete space once, in random order."""
    return optuna.samplers.BruteForceSampler(seed=seed)


class Points(optuna.samplers.BaseSampler):
    """Hands out one point that is already known: for sequences that need no history.

    Args:
        point: Position in (0, 1) of every dimension by name.
    """

    def __init__(self, point: Mapping[str, float]) -> None:
        self._point = point

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, BaseDistribution]:
        """Return nothing: every dimension is sampled by itself."""
        return {}

    def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
        """Return nothing: every dimension is sampled by itself."""
        return {}

    def sample_independent(
        self, study: Any, trial: Any, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the value at this point's position in the dimension."""
        return at(param_distribution, self._point[param_name])


@SAMPLERS.register("qmc")
def sobol(
    *, seed: int, number: int, study_seed: int, names: Sequence[str], **_: Any
) -> optuna.samplers.BaseSampler:
    """Scrambled Sobol sequence over all dimensions; point k is point k, however one resumes."""
    del seed
    engine = qmc.Sobol(d=len(names), scramble=True, rng=study_seed)
    if number:
        engine.fast_forward(number)
    return Points(dict(zip(names, engine.random(1)[0].tolist(), strict=True)))


@SAMPLERS.register("grid")
def grid(
    *, number: int, distributions: Mapping[str, BaseDistribution], **_: Any
) -> optuna.samplers.BaseSampler:
    """Full grid in design order; a float dimension needs a `step`."""
    axes = {name: values_of(name, distribution) for name, distribution in distributions.items()}
    cells = list(itertools.product(*[range(len(values)) for values in axes.values()]))
    cell = cells[number % len(cells)]
    return Points(
        {
            name: (index + 0.5) / len(values)
            for (name, values), index in zip(axes.items(), cell, strict=True)
        }
    )


def values_of(name: str, distribution: BaseDistribution) -> list[Any]:
    """Return all values of a discrete distribution.

    Raises:
        ConfigError: The dimension is continuous.
    """
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    if isinstance(distribution, IntDistribution) and not distribution.log:
        return list(range(distribution.low, distribution.high + 1, distribution.step))
    if isinstance(distribution, FloatDistribution) and distribution.step is not None:
        count = round((distribution.high - distribution.low) / distribution.step) + 1
        return [distribution.low + index * distribution.step for index in range(count)]
    raise ConfigError(
        f"dimensions.{name}: a grid needs discrete values; give the dimension a step, "
        "or use the sampler qmc"
    )


def at(distribution: BaseDistribution, position: float) -> Any:
    """Return the value at `position` in (0, 1) of a distribution, log scales respected."""
    if isinstance(distribution, CategoricalDistribution):
        count = len(distribution.choices)
        return distribution.choices[min(int(position * count), count - 1)]
    if isinstance(distribution, IntDistribution) and not distribution.log:
        values = range(distribution.low, distribution.high + 1, distribution.step)
        return values[min(int(position * len(values)), len(values) - 1)]
    if isinstance(distribution, FloatDistribution) and distribution.step is not None:
        steps = values_of("", distribution)
        return steps[min(int(position * len(steps)), len(steps) - 1)]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high = float(distribution.low), float(distribution.high)
    value = low * (high / low) ** position if distribution.log else low + (high - low) * position
    if isinstance(distribution, IntDistribution):
        return min(max(round(value), distribution.low), distribution.high)
    return min(max(value, low), high)
