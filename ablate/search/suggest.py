"""Suggestion k as a function of the study seed, k, and the trials told by then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import optuna

from ablate.config.schema import Dimension
from ablate.identity import derive_seed
from ablate.search.samplers import SAMPLERS
from ablate.search.space import distributions, suggest_values

optuna.logging.set_verbosity(optuna.logging.WARNING)


Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finished trial as the sampler may see it.

    `value` is None for a failed one; `violations` holds positive numbers for the constraints that
    it broke (then it was never run).
    """

    number: int
    values: Mapping[str, Any]  # dimension -> value, active ones only
    value: float | None
    is_pruned: bool = False
    reports: Mapping[int, float] = field(default_factory=dict)
    violations: Mapping[str, float] = field(default_factory=dict)


def history(
    *,
    direction: Direction,
    told: Sequence[Told],
    open_trials: Sequence[Mapping[str, Any]],
    dimensions: Mapping[str, Dimension] | None = None,
    sampler: optuna.samplers.BaseSampler | None = None,
) -> optuna.Study:
    """Return an in-memory study that holds exactly the told trials and the open ones."""
    study = optuna.create_study(
        storage=optuna.storages.InMemoryStorage(), direction=direction, sampler=sampler
    )
    known = distributions(dimensions or {})
    for trial in sorted(told, key=lambda trial: trial.number):
        study.add_trial(frozen(trial, known))
    for values in open_trials:
        some = {name: value for name, value in values.items() if name in known}
        study.add_trial(
            optuna.trial.create_trial(
                state=optuna.trial.TrialState.RUNNING,
                params=some,
                distributions={name: known[name] for name in some},
            )
        )
    return study


def frozen(
    trial: Told, known: Mapping[str, Any], attrs: Mapping[str, Any] | None = None
) -> optuna.trial.FrozenTrial:
    """Return the trial as Optuna stores it: complete, pruned (with constraints) or failed."""
    states = optuna.trial.TrialState
    state = states.COMPLETE
    if trial.is_pruned or trial.violations:
        state = states.PRUNED
    elif trial.value is None:
        state = states.FAIL
    params = {name: value for name, value in trial.values.items() if name in known}
    constraints = dict.fromkeys(trial.violations, 1.0) or {"feasible": -1.0}
    return optuna.trial.create_trial(
        state=state,
        value=trial.value if state is states.COMPLETE else None,
        params=params,
        distributions={name: known[name] for name in params},
        intermediate_values=dict(trial.reports),
        user_attrs=dict(attrs or {}),
        constraints=constraints,
    )


def suggest(
    *,
    dimensions: Mapping[str, Dimension],
    base: Mapping[str, Any],
    sampler: str,
    study_seed: int,
    number: int,
    direction: Direction,
    told: Sequence[Told],
    open_trials: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the values of the active dimensions of trial `number`.

    The same arguments give the same values: the sampler is made anew with a seed from
    (study seed, number), and the history holds only what the arguments say.
    """
    make = SAMPLERS.get(sampler, where="sampler")
    study = history(
        direction=direction,
        told=told,
        open_trials=open_trials,
        dimensions=dimensions,
        sampler=make(
            seed=derive_seed(study_seed, "sampler", number),
            study_seed=study_seed,
            number=number,
            names=list(dimensions),
            distributions=distributions(dimensions),
            **(options or {}),
        ),
    )
    return suggest_values(study.ask(), dimensions, base)
