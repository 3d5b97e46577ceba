"""The pruners by name; a pruner judges a metric at a rung, never a training loss."""

from collections.abc import Mapping, Sequence

import optuna

from ablate.errors import ConfigError
from ablate.numbers import is_number
from ablate.search.contract import PRUNERS, check_at_least, check_rungs
from ablate.search.finished import Direction, FinishedTrial
from ablate.search.history import history


@PRUNERS.register("none")
def none(rungs: Sequence[int]) -> optuna.pruners.BasePruner:
    """Never prunes."""
    del rungs
    return optuna.pruners.NopPruner()


@PRUNERS.register("median")
def median(rungs: Sequence[int], *, startup: int = 4) -> optuna.pruners.BasePruner:
    """Stops a trial whose best value so far is worse than the median at the same rung.

    Args:
        rungs: Steps at which trials are compared.
        startup: Trials that must have ended before one is stopped.
    """
    check_rungs(rungs)
    check_at_least(0, startup=startup)
    return optuna.pruners.MedianPruner(n_startup_trials=startup)


@PRUNERS.register("percentile")
def percentile(
    rungs: Sequence[int], *, keep: float = 50.0, startup: int = 4
) -> optuna.pruners.BasePruner:
    """Stops a trial whose best value so far is not among the best `keep` % at the same rung.

    Args:
        rungs: Steps at which trials are compared.
        keep: Percentage, 0 to 100.
        startup: Trials that must have ended before one is stopped.
    """
    check_rungs(rungs)
    check_at_least(0, startup=startup)
    if not is_number(keep) or not 0 <= keep <= 100:
        raise ConfigError(f"keep: must be a percentage from 0 to 100, got {keep}")
    return optuna.pruners.PercentilePruner(float(keep), n_startup_trials=startup)


@PRUNERS.register("patience")
def patience(
    rungs: Sequence[int], *, wait: int = 1, least_gain: float = 0.0, then: str = "none"
) -> optuna.pruners.BasePruner:
    """Stops a trial that was better before its last `wait` + 1 rungs; `then` may name a pruner.

    Args:
        rungs: Steps with a report.
        wait: Rungs without a gain that are forgiven.
        least_gain: Least gain that counts, in units of the objective.
        then: Pruner that decides once the patience is over; "none" stops the trial.
    """
    check_at_least(0, wait=wait, least_gain=least_gain)
    check_rungs(rungs, needed=wait + 2)
    if then == "patience":
        raise ConfigError("then: patience does not wait for itself; name another pruner")
    wrapped = None if then == "none" else PRUNERS.get(then, where="then")(rungs)
    return optuna.pruners.PatientPruner(wrapped, patience=wait, min_delta=least_gain)


def should_prune(
    pruner: optuna.pruners.BasePruner,
    *,
    number: int,
    direction: Direction,
    finished: Sequence[FinishedTrial],
    reports: Mapping[int, float],
) -> bool:
    """Whether a trial with these reports should stop, given the trials finished before it.

    Args:
        pruner: Made for this decision.
        number: Of the trial, counted from the first of the search.
        direction: Of the objective.
        finished: The trials that its suggestion had seen.
        reports: Objective by rung.
    """
    study = history(
        directions=(direction,),
        finished=[_seen(trial) for trial in finished],
        open_trials=[{}] * (number - len(finished)),
    )
    study.add_trial(
        optuna.trial.create_trial(
            state=optuna.trial.TrialState.RUNNING, intermediate_values=dict(reports)
        )
    )
    return bool(pruner.prune(study, study.get_trials(deepcopy=False)[-1]))  # numpy's at times


def _seen(trial: FinishedTrial) -> FinishedTrial:
    """Return the trial as a pruner sees it: one that never ran has failed."""
    if not trial.violations:
        return trial
    return FinishedTrial(number=trial.number, values=trial.values, value=None)
