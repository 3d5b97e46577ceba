"""The samplers that Optuna brings, made anew for each suggestion from the finished trials."""

from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial

from ablate.search.contract import SAMPLERS, SamplerContext, check_at_least
from ablate.search.generations import generations
from ablate.search.history import constraints_func
from ablate.search.tables import discrete_values


@SAMPLERS.register("tpe")
def tpe(context: SamplerContext, *, startup: int = 10) -> optuna.samplers.BaseSampler:
    """Tree-structured Parzen estimator, univariate, with constant liar for open trials.

    Args:
        context: What the suggestion may depend on.
        startup: First trials, which are drawn at random.
    """
    check_at_least(0, startup=startup)
    return optuna.samplers.TPESampler(
        seed=context.seed,
        n_startup_trials=startup,
        multivariate=False,
        constant_liar=True,
        **constraints_func(context.finished),
    )


@SAMPLERS.register("random")
def random(context: SamplerContext) -> optuna.samplers.BaseSampler:
    """Independent uniform draws."""
    return optuna.samplers.RandomSampler(seed=context.seed)


@SAMPLERS.register("brute_force")
def brute_force(context: SamplerContext) -> optuna.samplers.BaseSampler:
    """Every combination of a discrete space once, in random order."""
    discrete_values(context.dimensions, sampler="brute_force")
    return optuna.samplers.BruteForceSampler(seed=context.seed)


@SAMPLERS.register("gp")
def gp(context: SamplerContext, *, startup: int = 10) -> optuna.samplers.BaseSampler:
    """Gaussian process with (constrained) expected improvement; about a second at 300 trials.

    Dimensions with a condition are drawn at random, as Optuna does: the process knows those that
    all finished trials have. Choices are compared as equal or not. Open trials are taken into
    account.

    Args:
        context: What the suggestion may depend on.
        startup: First trials, which are drawn at random; at least 1.
    """
    check_at_least(1, startup=startup)
    return _QuietProcess(
        seed=context.seed,
        n_startup_trials=startup,
        warn_independent_sampling=False,
        **constraints_func(context.finished),
    )


class _QuietProcess(optuna.samplers.GPSampler):
    """GP whose division of nothing by nothing, where one point alone is worth trying, is silent.

    Optuna 5.0 handles the result (`optuna/_gp/optim_mixed.py`), numpy warns all the same.
    """

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        with np.errstate(invalid="ignore"):
            return super().sample_relative(study, trial, search_space)


@SAMPLERS.register("nsga2")
def nsga2(context: SamplerContext, *, population: int = 16) -> optuna.samplers.BaseSampler:
    """Genetic search for one or several objectives, constraints first.

    Dimensions with a condition are drawn at random, as Optuna does: crossover needs dimensions
    that all finished trials have. A trial that broke a constraint is a member of its generation.

    Args:
        context: What the suggestion may depend on.
        population: Trials of a generation, at least 2.
    """
    check_at_least(2, population=population)
    members = [trial.is_feasible or bool(trial.violations) for trial in context.finished]
    placed = generations(
        members,
        population=population,
        lag=context.lag_of,
        count=len(context.finished) + context.open_trials + 1,
    )
    return _Placed(
        placed, population=population, seed=context.seed, **constraints_func(context.finished)
    )


class _Placed(optuna.samplers.NSGAIISampler):
    """NSGA-II with the generation of every trial given; Optuna writes it on trials it asks for."""

    def __init__(self, placed: list[int], *, population: int, seed: int, **more: Any) -> None:
        super().__init__(population_size=population, seed=seed, **more)
        self._placed = placed

    def get_trial_generation(self, study: optuna.Study, trial: FrozenTrial) -> int:
        return self._placed[trial.number]

    def get_population(self, study: optuna.Study, generation: int) -> list[FrozenTrial]:
        complete: Any = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        return [trial for trial in complete if self._placed[trial.number] == generation]
