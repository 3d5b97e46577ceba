"""The parts of a plan: trials, searches and confirmations, and the table that shows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ablate.config.schema import Phase
from ablate.identity import JsonValue
from ablate.training.spec import RunSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTrial:
    """One combination of settings and the runs, one per seed, that will try it.

    A row of an answer design is a trial with one run; its block, point and nuisance are those of
    the row. `name` is that of the arm.
    """

    number: int
    phase: str
    values: Mapping[str, JsonValue]  # active dimensions only
    arm_id: str
    name: str
    runs: tuple[RunSpec, ...]
    violations: tuple[str, ...] = ()
    recipe_id: str = ""
    nuisance: Mapping[str, JsonValue] = field(default_factory=dict)
    dummy: float | None = None
    block: int | None = None
    point: int | None = None
    split_seed: int | None = None
    change: str = ""  # what this trial changes or is called, in designs that say so
    budget: float | None = None  # multiple of train.steps, in phases that are run at several


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """A phase whose trials are suggested one by one."""

    phase: Phase
    first: int  # number of its first trial
    trials: int
    lag: int  # suggestion k has seen exactly the trials 0..k-lag


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPlan:
    """A phase whose arms are known only after the phase `of` has ended; its seeds are known now."""

    phase: Phase
    of: str
    winners: int
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redraw:
    """A block that is dropped, and the spare block that stands for it."""

    phase: str
    block: int
    by: int


def rows_of(trials: Iterable[PlannedTrial]) -> list[dict[str, Any]]:
    """Return the design table of some trials: one row per run."""
    return [_table_row(trial, run) for trial in trials for run in trial.runs]


def _table_row(trial: PlannedTrial, run: RunSpec) -> dict[str, Any]:
    places = {
        "change": trial.change or None,
        "block": trial.block,
        "point": trial.point,
        "split_seed": trial.split_seed,
        "dummy": trial.dummy,
        "budget": trial.budget,
    }
    return {
        "trial": trial.number,
        "phase": trial.phase,
        "arm": trial.name,
        "arm_id": trial.arm_id,
        "recipe_id": trial.recipe_id,
        "run_id": run.run_id,
        "seed": run.seed,
        **{name: value for name, value in places.items() if value is not None},
        **{f"factor.{name}": value for name, value in trial.values.items()},
        **{f"nuisance.{name}": value for name, value in trial.nuisance.items()},
    }
