"""The pruners by name; a pruner judges a metric at a rung, never a training loss."""

from collections.abc import Mapping, Sequence

import optuna

from ablate.errors import ConfigError
from ablate.search.contract import PRUNERS, check_at_least, check_rungs
from ablate.search.history import history
from ablate.search.told import Direction, Told


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
    if isinstance(keep, bool) or not isinstance(keep, int | float) or not 0 <= keep <= 100:
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
        least_gain: Less than this is no gain, in units of the objective.
        then: Pruner that decides once the patience is over; "none" stops the trial.
    """
    check_at_least(0, wait=wait, least_gain=least_gain)
    check_rungs(rungs, needed=wait + 2)
    if then == "patience":
        raise ConfigError("then: patience does not wait for itself; name another pruner")
    wrapped = None if then == "none" else PRUNERS.get(then, where="then")(rungs)
    return optuna.pruners.PatientPruner(wrapped, patience=wait, min_delta=least_gain)


@PRUNERS.register("wilcoxon")
def wilcoxon(
    rungs: Sequence[int], *, p: float = 0.1, startup: int = 6
) -> optuna.pruners.BasePruner:
    """Stops a trial that is worse than the best one image by image (one-sided signed rank).

    It needs the value of every val image at the rung; a mean per rung says nothing here.

    Args:
        rungs: Steps with a report.
        p: Stop below this p-value; looking at several rungs makes it optimistic.
        startup: Images in common that are needed; with fewer than 4 no p reaches 0.1.
    """
    check_rungs(rungs)
    check_at_least(2, startup=startup)
    if isinstance(p, bool) or not isinstance(p, int | float) or not 0 < p < 1:
        raise ConfigError(f"p: must lie between 0 and 1, got {p}")
    return optuna.pruners.WilcoxonPruner(p_threshold=p, n_startup_steps=startup)


def should_prune(
    pruner: optuna.pruners.BasePruner,
    *,
    number: int,
    direction: Direction,
    told: Sequence[Told],
    reports: Mapping[int, float],
    images: Mapping[str, float] | None = None,
) -> bool:
    """Return whether a trial with these reports should stop, given the trials told to it.

    Args:
        pruner: Made for this decision.
        number: Of the trial, counted from the first of the search.
        direction: Of the objective.
        told: What the trial's suggestion had seen.
        reports: Objective by rung.
        images: Objective by image at the newest rung; only wilcoxon asks for it.

    Raises:
        ConfigError: Wilcoxon without values per image.
    """
    if isinstance(pruner, optuna.pruners.WilcoxonPruner):
        if not images:
            raise ConfigError(NEEDS_IMAGES)
        told, reports = _by_image(told, images, rung=max(reports))
        number = len(told)
    study = history(
        directions=(direction,),
        told=[_seen(trial) for trial in told],
        open_trials=[{}] * (number - len(told)),
    )
    study.add_trial(
        optuna.trial.create_trial(
            state=optuna.trial.TrialState.RUNNING, intermediate_values=dict(reports)
        )
    )
    return bool(pruner.prune(study, study.get_trials(deepcopy=False)[-1]))  # numpy's at times


NEEDS_IMAGES = (
    "wilcoxon compares image by image and the rungs report means; use median, percentile or "
    "successive_halving"
)


def _seen(trial: Told) -> Told:
    """Return the trial as a pruner sees it: one that never ran has failed."""
    if not trial.violations:
        return trial
    return Told(number=trial.number, values=trial.values, value=None)


def _by_image(
    told: Sequence[Told], images: Mapping[str, float], *, rung: int
) -> tuple[list[Told], dict[int, float]]:
    """Return told trials and reports with an image's index in place of a rung."""
    order = {image: index for index, image in enumerate(sorted(images))}
    comparable = [
        Told(
            number=trial.number,
            values={},
            value=trial.value,
            reports={order[image]: trial.images[rung][image] for image in order},
        )
        for trial in told
        if trial.is_feasible and order.keys() <= trial.images.get(rung, {}).keys()
    ]
    return comparable, {index: images[image] for image, index in order.items()}
