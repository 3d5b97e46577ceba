"""The arms that a confirmation freezes: winners of an exploration, and the baseline's recipe.

It is chosen once, when everything else has ended, written to the ledger before any of its runs,
and read from there ever after: a retried exploration does not change what is confirmed.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ablate.designs.confirm import BASELINE
from ablate.designs.contract import Frozen, filled
from ablate.errors import ConfigError
from ablate.identity import digest
from ablate.search.finished import FinishedTrial
from ablate.study.plan import Plan, design_trials
from ablate.study.planned import ConfirmPlan, PlannedTrial
from ablate.study.questions import directions_of
from ablate.study.recipes import dimension_values

FROM_FILE, FROM_BASE = "the file", "the base values"


def freeze(
    plan: Plan,
    confirmation: ConfirmPlan,
    *,
    known: Mapping[int, PlannedTrial],
    finished: Mapping[int, FinishedTrial],
    unhealthy: Collection[int] = (),
) -> dict[str, Any]:
    """Return the entry for the ledger: the arms with their recipes, their origin, and a hash.

    The winners are the trials of the phase `of` that are best on the val objective, the baseline
    arm and unhealthy trials left out; of equals the earlier one. The baseline has the recipe of the
    file, else that of its own best trial in that phase, else the base values. Without any winner
    there is no arm.
    """
    config = plan.config
    sign = 1 if directions_of(config)[0] == "maximize" else -1
    ended = [
        (known[number], one.value)
        for number, one in sorted(finished.items())
        if known[number].phase == confirmation.of
        and one.value is not None
        and not one.is_pruned
        and number not in unhealthy
    ]
    ranked = sorted(ended, key=lambda one: -sign * one[1])  # stable: the earlier one of equals
    base = dimension_values(config, filled(config.factors, {}))
    base_arm = plan.recipes.at(base).arm_id
    own = next((trial for trial, _ in ranked if trial.arm_id == base_arm), None)
    given = confirmation.phase.options.get("baseline")
    nuisance = dict(given if given is not None else own.nuisance if own is not None else {})
    source = FROM_FILE if given is not None else f"trial {own.number}" if own else FROM_BASE
    arms = [_arm(BASELINE, base, nuisance, source=source, value=None)]
    seen = {plan.recipes.at(base, nuisance).recipe_id}
    for trial, value in ranked:
        if trial.arm_id == base_arm or trial.recipe_id in seen:
            continue
        if len(arms) > confirmation.winners:
            break
        seen.add(trial.recipe_id)
        arms.append(
            _arm(
                f"winner {len(arms)}",
                trial.factors,
                trial.nuisance,
                source=f"trial {trial.number}",
                value=value,
            )
        )
    entry: dict[str, Any] = {
        "phase": confirmation.phase.name,
        "of": confirmation.of,
        "arms": arms if len(arms) > 1 else [],
    }
    runs = [
        run.run_id for trial in trials_of(plan, confirmation, entry, first=0) for run in trial.runs
    ]
    return {**entry, "hash": digest([plan.design_hash, entry, runs])}


def trials_of(
    plan: Plan, confirmation: ConfirmPlan, entry: Mapping[str, Any], *, first: int
) -> list[PlannedTrial]:
    """Return the trials of a frozen confirmation, numbered from `first`.

    Raises:
        ConfigError: A frozen arm breaks a constraint of the study.
    """
    frozen = frozen_of(entry)
    if not frozen:
        return []
    designed = design_trials(plan.recipes, confirmation.phase, first=first, frozen=frozen)
    if designed.faults:
        raise ConfigError(*(f"{plan.config.file}: {line}" for line in designed.faults))
    return designed.trials


def frozen_of(entry: Mapping[str, Any]) -> Sequence[Frozen]:
    """Return the arms that an entry of the ledger froze, the baseline first."""
    return [
        Frozen(name=arm["name"], settings=arm["settings"], nuisance=arm["nuisance"])
        for arm in entry["arms"]
    ]


def run_ids(plan: Plan, entries: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the runs of all confirmations that were frozen."""
    return {
        run.run_id
        for confirmation in plan.confirmations
        if confirmation.phase.name in entries
        for trial in trials_of(plan, confirmation, entries[confirmation.phase.name], first=0)
        for run in trial.runs
    }


def named(plan: Plan, phase: str) -> dict[str, Any]:
    """Return the entry of a confirmation whose arms stand in the file, in the form of the ledger's.

    It is part of the design itself, so its hash is that of the design.
    """
    first: dict[str, PlannedTrial] = {}
    for trial in plan.trials:
        if trial.phase == phase:
            first.setdefault(trial.change, trial)
    arms = [
        _arm(name, trial.factors, trial.nuisance, source=FROM_FILE, value=None)
        for name, trial in first.items()
    ]
    return {"phase": phase, "of": None, "arms": arms, "hash": plan.design_hash}


def is_untuned(entry: Mapping[str, Any]) -> bool:
    """Return whether the baseline met the winners with the base values, tuned by nobody."""
    return any(arm["name"] == BASELINE and arm["source"] == FROM_BASE for arm in entry["arms"])


def recipe_ids(plan: Plan, entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (name, recipe id) of the frozen arms."""
    return [
        (one.name, plan.recipes.at(one.settings, one.nuisance).recipe_id)
        for one in frozen_of(entry)
    ]


def _arm(
    name: str,
    settings: Mapping[str, Any],
    nuisance: Mapping[str, Any],
    *,
    source: str,
    value: float | None,
) -> dict[str, Any]:
    return {
        "name": name,
        "settings": dict(settings),
        "nuisance": dict(nuisance),
        "source": source,
        **({} if value is None else {"val": value}),
    }
