"""CMA-ES, its state replayed from the finished trials: nothing is kept between suggestions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution

from ablate.errors import ConfigError
from ablate.search.contract import SAMPLERS, SamplerContext, check_at_least
from ablate.search.finished import FinishedTrial
from ablate.search.generations import generations
from ablate.search.space import parameters_of
from ablate.search.tables import axis_of

if TYPE_CHECKING:
    from cmaes import CMA

SIGMA = 1 / 6  # of the range, as Optuna starts


@SAMPLERS.register("cma_es")
def cma_es(
    context: SamplerContext, *, population: int | None = None
) -> optuna.samplers.BaseSampler:
    """Covariance matrix adaptation over the numbers that every trial has; one objective.

    Choices and dimensions with a condition are drawn at random, as Optuna does. A trial that broke
    a constraint ranks behind all others of its generation; pruned and failed ones are left out.
    Optuna's own CmaEsSampler keeps its state on the trials that it asked itself, so it cannot be
    made anew for each suggestion.

    Args:
        context: What the suggestion may depend on.
        population: Members of a generation, at least 4; 4 + floor(3 ln d) when not given.

    Source:
        Hansen, The CMA Evolution Strategy: A Tutorial, arXiv 1604.00772; package cmaes.
    """
    if population is not None:
        check_at_least(4, population=population)
    if len(context.directions) > 1:
        raise ConfigError("objective: cma_es takes one; use the sampler nsga2, tpe or gp")
    numeric = {
        name: shape
        for name, shape in context.parameters.items()
        if name in context.always and not isinstance(shape, CategoricalDistribution)
    }
    if len(numeric) < 2:
        raise ConfigError(
            f"dimensions: cma_es needs at least two numbers without a condition, there are "
            f"{len(numeric)} ({', '.join(numeric) or 'none'}); use the sampler tpe"
        )
    optimizer = _replayed(context, numeric, population)
    optimizer.reseed_rng(context.seed)
    point = dict(zip(numeric, optimizer.ask().tolist(), strict=True))
    return _Fixed(
        {
            name: axis_of(numeric[name], version=context.positions).value(x)
            for name, x in point.items()
        },
        numeric,
        context.seed,
    )


class _Fixed(optuna.samplers.RandomSampler):
    """Hands out these values, and random ones for all other parameters."""

    def __init__(
        self, values: Mapping[str, Any], space: dict[str, BaseDistribution], seed: int
    ) -> None:
        super().__init__(seed=seed)
        self._values, self._space = values, space

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, BaseDistribution]:
        return self._space

    def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
        return dict(self._values)


def _replayed(
    context: SamplerContext, numeric: Mapping[str, BaseDistribution], population: int | None
) -> "CMA":
    """Return the optimizer after every full generation among the finished trials."""
    from cmaes import CMA  # it imports scipy.stats: a plan does not wait for that

    count = len(numeric)
    optimizer = CMA(
        mean=np.full(count, 0.5),
        sigma=SIGMA,
        bounds=np.array([[0.0, 1.0]] * count),
        population_size=population,
        seed=context.study_seed,
    )
    size = optimizer.population_size
    members = [trial.is_feasible or bool(trial.violations) for trial in context.finished]
    placed = generations(members, population=size, lag=context.lag_of, count=len(context.finished))
    sign = -1.0 if context.directions[0] == "maximize" else 1.0
    costs = {
        index: sign * trial.value
        for index, trial in enumerate(context.finished)
        if trial.is_feasible and trial.value is not None
    }
    worst = max(costs.values(), default=0.0) + 1.0
    for generation in range(max(placed, default=0) + 1):
        mine = [i for i, member in enumerate(members) if member and placed[i] == generation][:size]
        if len(mine) < size:
            break
        optimizer.tell(
            [(_positions(context, context.finished[i], numeric), costs.get(i, worst)) for i in mine]
        )
    return optimizer


def _positions(
    context: SamplerContext, trial: FinishedTrial, numeric: Mapping[str, BaseDistribution]
) -> Any:
    """Return where a trial lies in the unit cube; what had no effect stands at the centre."""
    found = parameters_of(context.dimensions, trial.values)
    return np.array(
        [
            axis_of(shape, version=context.positions).position(found[name][0])
            if name in found
            else 0.5
            for name, shape in numeric.items()
        ]
    )
