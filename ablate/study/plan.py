"""From a study file to the table of everything that will run, before anything runs."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ablate.config.schema import Phase, Question, StudyConfig
from ablate.designs.contract import DESIGNS, Inputs, Row, Rows, filled
from ablate.errors import ConfigError
from ablate.identity import JsonValue, digest
from ablate.study.claims import refusals
from ablate.study.objectives import directions_of
from ablate.study.recipes import Recipe, canonical, dimension_values, identity_of, recipe_of
from ablate.training.spec import RunSpec

SEARCH, SOBOL = "search", "sobol"


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
    change: str = ""  # what this trial changes, in designs about single changes


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """A phase whose trials are suggested one by one."""

    phase: Phase
    first: int  # number of its first trial
    trials: int
    lag: int  # suggestion k has seen exactly the trials 0..k-lag


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All designed trials, the searches that follow, and the hash that names them."""

    config: StudyConfig
    trials: tuple[PlannedTrial, ...]
    searches: tuple[SearchPlan, ...]
    duplicates: int
    design_hash: str
    infeasible: int = 0  # points of explorations that break a constraint and are left out

    @property
    def runs(self) -> int:
        """Return the number of planned runs, searches included."""
        searched = sum(search.trials * search.phase.seeds for search in self.searches)
        return sum(len(trial.runs) for trial in self.trials) + searched

    def rows(self) -> list[dict[str, Any]]:
        """Return the design table: one row per designed run; what a design lacks is absent."""
        return [_table_row(trial, run) for trial in self.trials for run in trial.runs]

    def arms_of(self, question: Question) -> dict[Any, str]:
        """Return value -> arm id for the factor that the question compares.

        All other factors have their baseline; tied ones follow.
        """
        config, name = self.config, question.compare
        return {
            value: _recipe(config, Row(values=filled(config.factors, {name: value}))).arm_id
            for value in config.factors[name].values
        }


def make(config: StudyConfig) -> Plan:
    """Return the plan of a checked study; the same file gives the same plan.

    Raises:
        ConfigError: All faults together: a design that its options do not allow, a designed trial
            that breaks a constraint or a rule of the loss, a phase that wants to claim with too
            few blocks, an objective that is not a val metric.
    """
    split, _, metric = config.objective.partition("/")
    if split != "val" or metric not in config.base["metrics"]["names"]:
        raise ConfigError(
            f"{config.file}: objective: {config.objective!r} cannot be tuned on; tuning on test is "
            f"refused: name val/ and one of {', '.join(config.base['metrics']['names'])}"
        )
    trials: list[PlannedTrial] = []
    searches: list[SearchPlan] = []
    faults = [f"{config.file}: {line}" for line in refusals(config)]
    number = duplicates = infeasible = 0
    for phase in config.phases.values():
        if phase.design == SEARCH:
            count = int(phase.trials or 0)
            faults += [f"{config.file}: {line}" for line in _search_faults(config, phase)]
            searches.append(
                SearchPlan(phase=phase, first=number, trials=count, lag=min(16, max(1, count // 4)))
            )
            number += count
            continue
        designed = _designed(config, phase, first=number)
        trials += designed.trials
        faults += [f"{config.file}: {line}" for line in designed.faults]
        duplicates += designed.duplicates
        infeasible += designed.infeasible
        number += len(designed.trials)
    if faults:
        raise ConfigError(*dict.fromkeys(faults))
    return Plan(
        config=config,
        trials=tuple(trials),
        searches=tuple(searches),
        duplicates=duplicates,
        design_hash=_design_hash(config, trials, searches),
        infeasible=infeasible,
    )


def _search_faults(config: StudyConfig, phase: Phase) -> list[str]:
    """Return what the sampler and the pruner of a search cannot do."""
    from ablate.search.refusals import refusals as refused

    return refused(phase, dimensions=config.dimensions, directions=directions_of(config))


def design_rows(config: StudyConfig, phase: Phase) -> Rows:
    """Return the table of a designed phase.

    Raises:
        ConfigError: The design refuses its options or the factors of the study.
    """
    design = DESIGNS.get(phase.design, where=f"phases.{phase.name}.design")
    inputs = Inputs(
        factors=config.factors,
        dimensions=config.dimensions,
        nuisance=config.nuisance,
        trials=int(phase.trials or 0),
        seed=config.seed,
        phase=phase.name,
    )
    try:
        inspect.signature(design).bind(inputs, **phase.options)
    except TypeError as error:
        raise ConfigError(
            f"phases.{phase.name}.options: {error}; `ablate list designs` shows what there is"
        ) from None
    return design(inputs, **phase.options)


def make_trial(
    config: StudyConfig, phase: Phase, number: int, values: Mapping[str, Any]
) -> PlannedTrial:
    """Return the trial at `values` by dimension: inert settings dropped, identities derived."""
    return _trial(config, phase, number, recipe_of(config, values), Row(values=values))


def specs(plan: Plan) -> Iterator[RunSpec]:
    """Yield the designed runs, all first seeds before all second ones."""
    most = max((len(trial.runs) for trial in plan.trials), default=0)
    for phase in plan.config.phases:
        for index in range(most):
            for trial in plan.trials:
                if trial.phase == phase and index < len(trial.runs):
                    yield trial.runs[index]


@dataclass(slots=True, kw_only=True)
class _Designed:
    trials: list[PlannedTrial] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    duplicates: int = 0
    infeasible: int = 0


def _designed(config: StudyConfig, phase: Phase, *, first: int) -> _Designed:
    """Return the trials of a designed phase, numbered from `first`."""
    made = _Designed()
    try:
        rows = design_rows(config, phase)
        recipes = [_recipe(config, row) for row in rows]
    except ConfigError as error:
        made.faults += error.faults
        return made
    seen: dict[tuple[str, int | None, int | None], Recipe] = {}
    for row, recipe in zip(rows, recipes, strict=True):
        if recipe.violations and phase.design == SOBOL:
            made.infeasible += 1
            continue
        made.faults += [
            f"phases.{phase.name}: {recipe.name}: {broken}" for broken in recipe.violations
        ]
        key = (recipe.recipe_id, row.block, row.point)
        if key not in seen:
            seen[key] = recipe
            number = first + len(made.trials)
            made.trials.append(_trial(config, phase, number, recipe, row))
        elif row.block is None:
            made.duplicates += 1
        elif row.block == row.point == 1:
            made.faults.append(
                f"phases.{phase.name}: two of the values are one arm ({recipe.name}): what tells "
                "them apart has no effect here; remove one"
            )
    return made


def _recipe(config: StudyConfig, row: Row) -> Recipe:
    return recipe_of(config, dimension_values(config, row.values), row.nuisance)


def _trial(
    config: StudyConfig, phase: Phase, number: int, recipe: Recipe, row: Row
) -> PlannedTrial:
    seeds = [row.seed] if row.seed is not None else range(config.seed, config.seed + phase.seeds)
    runs = tuple(
        RunSpec(
            run_id=_run_id(recipe, phase, row, seed),
            arm_id=recipe.arm_id,
            recipe_id=recipe.recipe_id,
            study=config.name,
            phase=phase.name,
            trial=number,
            seed=seed,
            name=_run_name(recipe, row, f"s{index}" if phase.seeds > 1 else ""),
            settings=recipe.settings,
            factors=recipe.values,
            nuisance=recipe.nuisance,
            dummy=row.dummy,
            questions=tuple(config.questions),
            block=row.block,
            point=row.point,
            split_seed=row.split_seed,
            rungs=tuple(phase.rungs or ()),
            objective=config.objective,
            scores_test=phase.design not in (SEARCH, SOBOL),
        )
        for index, seed in enumerate(seeds)
    )
    return PlannedTrial(
        number=number, phase=phase.name, values=recipe.values, arm_id=recipe.arm_id,
        name=recipe.name, runs=runs, violations=recipe.violations, recipe_id=recipe.recipe_id,
        nuisance=recipe.nuisance, dummy=row.dummy, block=row.block, point=row.point,
        split_seed=row.split_seed, change=row.change,
    )  # fmt: skip


def _run_id(recipe: Recipe, phase: Phase, row: Row, seed: int) -> str:
    seeds = [seed] if row.split_seed is None else [seed, row.split_seed]
    return digest([recipe.recipe_id, *seeds, phase.name, row.block, row.point])


def _run_name(recipe: Recipe, row: Row, seed: str) -> str:
    block = f"b{row.block}" if row.block is not None else ""
    point = f"p{row.point}" if row.point is not None else ""
    return " · ".join(part for part in (recipe.name, block, point, seed) if part)


def _table_row(trial: PlannedTrial, run: RunSpec) -> dict[str, Any]:
    places = {
        "change": trial.change or None, "block": trial.block, "point": trial.point,
        "split_seed": trial.split_seed, "dummy": trial.dummy,
    }  # fmt: skip
    return {
        "trial": trial.number, "phase": trial.phase, "arm": trial.name,
        "arm_id": trial.arm_id, "recipe_id": trial.recipe_id, "run_id": run.run_id,
        "seed": run.seed,
        **{name: value for name, value in places.items() if value is not None},
        **{f"factor.{name}": value for name, value in trial.values.items()},
        **{f"nuisance.{name}": value for name, value in trial.nuisance.items()},
    }  # fmt: skip


def _design_hash(
    config: StudyConfig, trials: list[PlannedTrial], searches: list[SearchPlan]
) -> str:
    return digest(
        {
            "study": config.name,
            "objective": config.objective,
            **({"further_objectives": further} if (further := config.further_objectives) else {}),
            "seed": config.seed,
            "trials": [
                [trial.phase, trial.arm_id, [run.run_id for run in trial.runs]] for trial in trials
            ],
            "searches": [
                [
                    search.phase.name, search.trials, search.phase.seeds, search.lag,
                    str(search.phase.sampler), str(search.phase.pruner),
                    list(search.phase.rungs or ()),
                    *([dict(search.phase.options)] if search.phase.options else []),
                    repr(sorted(config.dimensions.items())),
                    repr(config.constraints), identity_of(canonical(config.base)),
                ]
                for search in searches
            ],
            "questions": repr(sorted(config.questions.items())),
            **_pre_registered(config),
        }
    )  # fmt: skip


def _pre_registered(config: StudyConfig) -> dict[str, JsonValue]:
    """Return what an answer design fixes beside its table; nothing for studies without one."""
    answers = {
        phase.name: phase.claims for phase in config.phases.values() if "blocks" in phase.options
    }
    if not answers:
        return {}
    ranges = repr(sorted(config.nuisance.items()))
    return {"claims": answers, "nuisance": ranges, "factors": repr(config.factors)}
