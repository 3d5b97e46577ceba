"""The pruners by name; a pruner judges a metric at a rung, never a training loss."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna

from ablate.registry import Registry
from ablate.search.suggest import Direction, Told, history

PRUNERS: Registry[Callable[..., optuna.pruners.BasePruner]] = Registry("pruner")


@PRUNERS.register("none")
def none(**_: Any) -> optuna.pruners.BasePruner:
    """Never prunes."""
    return optuna.pruners.NopPruner()


@PRUNERS.register("median")
def median(*, startup: int = 4, **_: Any) -> optuna.pruners.BasePruner:
    """Stops a trial whose best value so far is worse than the median at the same rung."""
    return optuna.pruners.MedianPruner(n_startup_trials=startup)


@PRUNERS.register("successive_halving")
def successive_halving(*, factor: int = 3, rungs: Sequence[int] = (1,), **_: Any) -> Any:
    """Asynchronous successive halving from the first rung on."""
    return optuna.pruners.SuccessiveHalvingPruner(
        min_resource=max(1, min(rungs, default=1)), reduction_factor=factor
    )


def should_prune(
    pruner: optuna.pruners.BasePruner,
    *,
    direction: Direction,
    told: Sequence[Told],
    reports: Mapping[int, float],
) -> bool:
    """Return whether a trial with these reports should stop, given the trials told to it."""
    study = history(direction=direction, told=told, open_trials=())
    study.add_trial(
        optuna.trial.create_trial(
            state=optuna.trial.TrialState.RUNNING, intermediate_values=dict(reports)
        )
    )
    return pruner.prune(study, study.get_trials(deepcopy=False)[-1])
