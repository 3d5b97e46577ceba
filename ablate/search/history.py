"""Finished trials as an in-memory Optuna study, and one of them as Optuna stores it."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from ablate.config.schema import Dimension
from ablate.search.finished import Direction, FinishedTrial
from ablate.search.space import parameters_of

STATES = optuna.trial.TrialState
ARE_NAMED = hasattr(FrozenTrial, "set_constraint")  # constraints have names since Optuna 5
CONSTRAINTS = "constraints"  # system attribute of Optuna 4.9, which Optuna 5 still reads


def history(
    *,
    directions: Sequence[Direction],
    finished: Sequence[FinishedTrial],
    open_trials: Sequence[Mapping[str, Any]],
    dimensions: Mapping[str, Dimension] | None = None,
    sampler: optuna.samplers.BaseSampler | None = None,
) -> optuna.Study:
    """Return an in-memory study that holds exactly the finished trials and the open ones.

    Several samplers look at complete trials alone, so a trial that broke a constraint is complete
    here: its constraint is positive and its objectives are the medians of the finished trials,
    which say nothing about it. Without any such trial no trial has a constraint.
    """
    dimensions = dimensions or {}
    study = optuna.create_study(
        storage=optuna.storages.InMemoryStorage(),
        directions=list(directions),
        sampler=sampler,
        study_name="history",
    )
    is_constrained = any(trial.violations for trial in finished)
    neutral = _medians(finished, len(directions))
    for trial in sorted(finished, key=lambda trial: trial.number):
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
    trial: FinishedTrial,
    dimensions: Mapping[str, Dimension],
    attrs: Mapping[str, Any] | None = None,
    system_attrs: Mapping[str, Any] | None = None,
) -> FrozenTrial:
    """Return the trial as Optuna stores it: complete, pruned (with constraints) or failed."""
    return _created(
        trial,
        dimensions,
        values=trial.objectives,
        state=_state(trial),
        constraints=dict.fromkeys(trial.violations, 1.0) or {"feasible": -1.0},
        attrs=attrs,
        system_attrs=system_attrs,
    )


def constraints_func(finished: Iterable[FinishedTrial]) -> dict[str, Any]:
    """Keywords that make a sampler of Optuna 4.9 heed constraints; Optuna 5 needs none."""
    if ARE_NAMED or not any(trial.violations for trial in finished):
        return {}
    return {"constraints_func": lambda trial: trial.system_attrs[CONSTRAINTS]}


def _constrained(constraints: Mapping[str, float]) -> dict[str, Any]:
    """Keywords of `create_trial` for constraints by name; a positive one is broken."""
    if ARE_NAMED:
        return {CONSTRAINTS: dict(constraints)}
    return {"system_attrs": {CONSTRAINTS: list(constraints.values())}} if constraints else {}


def _created(
    trial: FinishedTrial,
    dimensions: Mapping[str, Dimension],
    *,
    values: Sequence[float],
    state: optuna.trial.TrialState,
    constraints: Mapping[str, float],
    attrs: Mapping[str, Any] | None = None,
    system_attrs: Mapping[str, Any] | None = None,
) -> FrozenTrial:
    constrained = _constrained(constraints)
    constrained["system_attrs"] = {**constrained.get("system_attrs", {}), **(system_attrs or {})}
    params = parameters_of(dimensions, trial.values)
    return optuna.trial.create_trial(
        state=state,
        values=list(values) if state is STATES.COMPLETE else None,
        params={name: value for name, (value, _) in params.items()},
        distributions={name: shape for name, (_, shape) in params.items()},
        intermediate_values=dict(trial.reports),
        user_attrs=dict(attrs or {}),
        **constrained,
    )


def _state(trial: FinishedTrial) -> optuna.trial.TrialState:
    if trial.is_pruned or trial.violations:
        return STATES.PRUNED
    return STATES.FAIL if trial.value is None else STATES.COMPLETE


def _medians(finished: Sequence[FinishedTrial], count: int) -> list[float]:
    """Return the median of each objective, 0 where none has finished yet."""
    columns = zip(*(trial.objectives for trial in finished if trial.is_feasible), strict=True)
    return [statistics.median(column) for column in columns] or [0.0] * count
