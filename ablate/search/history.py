"""Told trials as an in-memory Optuna study, and one of them as Optuna stores it."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import optuna

from ablate.config.schema import Dimension
from ablate.search.constraints import constrained
from ablate.search.space import parameters_of
from ablate.search.told import Direction, Told

STATES = optuna.trial.TrialState


def history(
    *,
    directions: Sequence[Direction],
    told: Sequence[Told],
    open_trials: Sequence[Mapping[str, Any]],
    dimensions: Mapping[str, Dimension] | None = None,
    sampler: optuna.samplers.BaseSampler | None = None,
) -> optuna.Study:
    """Return an in-memory study that holds exactly the told trials and the open ones.

    Several samplers look at complete trials alone, so a trial that broke a constraint is complete
    here: its constraint is positive and its objectives stand at the median of those told, which
    says nothing about them. Without any such trial no trial has a constraint.
    """
    dimensions = dimensions or {}
    study = optuna.create_study(
        storage=optuna.storages.InMemoryStorage(),
        directions=list(directions),
        sampler=sampler,
        study_name="history",
    )
    is_constrained = any(trial.violations for trial in told)
    neutral = _medians(told, len(directions))
    for trial in sorted(told, key=lambda trial: trial.number):
        constraints = {"feasible": float(len(trial.violations)) or -1.0}
        study.add_trial(
            _created(
                trial,
                dimensions,
                values=neutral if trial.violations else trial.objectives,
                state=STATES.COMPLETE if trial.violations else _state(trial),
                constraints=constraints if is_constrained else {},
            )
        )
    for values in open_trials:
        params = parameters_of(dimensions, values)
        study.add_trial(
            optuna.trial.create_trial(
                state=STATES.RUNNING,
                params={name: value for name, (value, _) in params.items()},
                distributions={name: shape for name, (_, shape) in params.items()},
            )
        )
    return study


def frozen(
    trial: Told, dimensions: Mapping[str, Dimension], attrs: Mapping[str, Any] | None = None
) -> optuna.trial.FrozenTrial:
    """Return the trial as Optuna stores it: complete, pruned (with constraints) or failed."""
    return _created(
        trial,
        dimensions,
        values=trial.objectives,
        state=_state(trial),
        constraints=dict.fromkeys(trial.violations, 1.0) or {"feasible": -1.0},
        attrs=attrs,
    )


def _created(
    trial: Told,
    dimensions: Mapping[str, Dimension],
    *,
    values: Sequence[float],
    state: optuna.trial.TrialState,
    constraints: Mapping[str, float],
    attrs: Mapping[str, Any] | None = None,
) -> optuna.trial.FrozenTrial:
    params = parameters_of(dimensions, trial.values)
    return optuna.trial.create_trial(
        state=state,
        values=list(values) if state is STATES.COMPLETE else None,
        params={name: value for name, (value, _) in params.items()},
        distributions={name: shape for name, (_, shape) in params.items()},
        intermediate_values=dict(trial.reports),
        user_attrs=dict(attrs or {}),
        **constrained(constraints),
    )


def _state(trial: Told) -> optuna.trial.TrialState:
    if trial.is_pruned or trial.violations:
        return STATES.PRUNED
    return STATES.FAIL if trial.value is None else STATES.COMPLETE


def _medians(told: Sequence[Told], count: int) -> list[float]:
    """Return the median of each objective, 0 where nothing was told yet."""
    columns = zip(*(trial.objectives for trial in told if trial.is_feasible), strict=True)
    return [statistics.median(column) for column in columns] or [0.0] * count
