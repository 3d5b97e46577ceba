"""The parts of a plan (trials, searches, confirmations), its table, and the hash of a design."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ablate.config.schema import Phase, StudyConfig
from ablate.design_names import CONFIRM
from ablate.identity import JsonValue, digest
from ablate.study.recipes import Recipes, identity_of
from ablate.training.spec import RunSpec, Trial

EXTENDS_SINCE: Final = 4  # version of the defaults from which no suggestion depends on their number
LEAST_LAG: Final = 4
MOST_LAG: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTrial(Trial):
    """One combination of settings and the runs, one per seed, that will try it.

    A row of an answer design is a trial with one run; its block, point and nuisance are those of
    the row.

    Args:
        number: Inside the study.
        name: Of the arm.
        runs: One per seed.
        violations: Constraints and rules that the settings break: it is then not run.
        change: What this trial changes or is called, in designs that say so.
    """

    number: int
    name: str
    runs: tuple[RunSpec, ...]
    violations: tuple[str, ...] = ()
    change: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """A phase whose trials are suggested one by one.

    Since version 4 of the defaults no suggestion depends on how many there will be, so that a
    search may be extended; and one that cannot be run is replaced.

    Args:
        phase: The search.
        first: Number of its first trial.
        trials: That are to be run; before version 4, that are to be suggested.
        reserved: Numbers from the first one on that are its own; later ones are given as they come.
        lag: Suggestion k sees the trials 0..k-lag; None lets it grow with k, see `lag_at`.
        replaces: Whether suggestions that cannot be run are replaced.
    """

    phase: Phase
    first: int
    trials: int
    reserved: int
    lag: int | None = None
    replaces: bool = True

    def lag_at(self, index: int) -> int:
        """Return how many trials back the newest one lies that a suggestion may know of.

        It is a quarter of the trials before it, from 4 to 16: so many can be open at a time.
        """
        return self.lag or min(MOST_LAG, max(LEAST_LAG, index // 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPlan:
    """A phase whose arms are known only after the phase `of` has ended; its seeds are known now."""

    phase: Phase
    of: str
    winners: int
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redraw:
    """A block that is dropped, and the spare block that replaces it."""

    phase: str
    block: int
    by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An interim analysis that was taken, or is due.

    Args:
        phase: Whose blocks it judges.
        number: Of the look, from 1.
        blocks: That are in.
        closed: Question -> why it needs no further block; empty where the look is due.
    """

    phase: str
    number: int
    blocks: int
    closed: Mapping[str, str] = field(default_factory=dict)


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
        **{f"factor.{name}": value for name, value in trial.factors.items()},
        **{f"nuisance.{name}": value for name, value in trial.nuisance.items()},
    }


def design_hash(
    recipes: Recipes,
    trials: Sequence[PlannedTrial],
    searches: Sequence[SearchPlan],
    spares: Sequence[PlannedTrial] = (),
) -> str:
    """Return the hash of the table and of all that is fixed beside it.

    What a study does not use leaves no trace in it, so that a study keeps its hash when the
    program learns something new.
    """
    config = recipes.config
    is_open = config.defaults >= EXTENDS_SINCE
    return digest(
        {
            "study": config.name,
            "objective": config.objective,
            **({"further_objectives": further} if (further := config.further_objectives) else {}),
            "seed": config.seed,
            "trials": _table(trials),
            "searches": [
                [
                    search.phase.name,
                    *([] if is_open else [search.reserved]),
                    search.phase.seeds,
                    *([] if is_open else [search.lag]),
                    str(search.phase.sampler),
                    str(search.phase.pruner),
                    list(search.phase.rungs or ()),
                    *([dict(search.phase.options)] if search.phase.options else []),
                    repr(sorted(config.dimensions.items())),
                    repr(config.constraints),
                    identity_of(recipes.base),
                ]
                for search in searches
            ],
            **({"spares": _table(spares)} if spares else {}),
            "questions": repr(sorted(config.questions.items())),
            **_interactions(config),
            **_pre_registered(config),
        }
    )


def _table(trials: Sequence[PlannedTrial]) -> JsonValue:
    return [[trial.phase, trial.arm_id, [run.run_id for run in trial.runs]] for trial in trials]


def _interactions(config: StudyConfig) -> dict[str, JsonValue]:
    """Return the other factors of questions that have several; nothing for studies without."""
    tables: dict[str, JsonValue] = {
        name: list(question.components)
        for name, question in config.questions.items()
        if question.components
    }
    crossed: dict[str, JsonValue] = {
        name: question.crossed_with
        for name, question in config.questions.items()
        if question.crossed_with
    }
    return {**({"crossed": crossed} if crossed else {}), **({"tables": tables} if tables else {})}


def _pre_registered(config: StudyConfig) -> dict[str, JsonValue]:
    """Return the parts of an answer design beside its table; nothing for studies without one."""
    answers = {
        phase.name: phase.claims for phase in config.phases.values() if "blocks" in phase.options
    }
    if not answers:
        return {}
    ranges = repr(sorted(config.nuisance.items()))
    confirmed: dict[str, JsonValue] = {
        phase.name: repr(sorted(phase.options.items()))
        for phase in config.phases.values()
        if phase.design == CONFIRM
    }
    looks: dict[str, JsonValue] = {
        phase.name: [phase.looks, phase.spending, phase.futility]
        if phase.has_interims
        else phase.looks
        for phase in config.phases.values()
        if phase.looks > 1
    }
    return {
        **({"looks": looks} if looks else {}),
        "claims": answers,
        "nuisance": ranges,
        "factors": repr(config.factors),
        **({"confirmations": confirmed} if confirmed else {}),
    }
