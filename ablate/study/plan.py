"""From a study file to the table of everything that will run, before anything runs."""

import inspect
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ablate.config.schema import Phase, Question, StudyConfig
from ablate.design_names import (
    AT_BUDGET,
    BASELINE_ONLY,
    BLOCKED,
    CONFIRM,
    LAG,
    SEARCH,
    SEARCHES,
    SOBOL,
)
from ablate.designs.blocked import block_seeds
from ablate.designs.components import table_rows
from ablate.designs.contract import DESIGNS, Frozen, Inputs, Row, Rows, filled
from ablate.errors import ConfigError
from ablate.identity import digest
from ablate.study.claims import refusals
from ablate.study.planned import (
    EXTENDS_SINCE,
    ConfirmPlan,
    PlannedTrial,
    SearchPlan,
    design_hash,
    rows_of,
)
from ablate.study.questions import directions_of
from ablate.study.recipes import Recipe, Recipes, dimension_values
from ablate.training.spec import RunSpec, Trial

PILOT_SHARES = (8, 4, 2)  # of the steps of a pilot: where its curve is looked at


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All designed trials, the searches that follow, and the hash that names them."""

    recipes: Recipes = field(repr=False)
    trials: tuple[PlannedTrial, ...]
    searches: tuple[SearchPlan, ...]
    duplicates: int
    design_hash: str
    left_out: Mapping[str, int] = field(default_factory=dict)  # phase -> infeasible points of it
    confirmations: tuple[ConfirmPlan, ...] = ()  # run when all else has ended
    spares: tuple[PlannedTrial, ...] = ()  # of blocks that run in the place of dead ones

    @property
    def config(self) -> StudyConfig:
        """The study."""
        return self.recipes.config

    @cached_property
    def runs(self) -> int:
        """Return the number of planned runs, searches and confirmations included."""
        searched = sum(search.trials * search.phase.seeds for search in self.searches)
        confirmed = sum(confirmation.runs for confirmation in self.confirmations)
        return sum(len(trial.runs) for trial in self.trials) + searched + confirmed

    @cached_property
    def baseline_arm_id(self) -> str:
        """Return the arm in which every factor has its baseline."""
        return _recipe(self.recipes, Row(values=filled(self.config.factors, {}))).arm_id

    @property
    def infeasible(self) -> int:
        """Return the points of explorations that break a constraint and are left out."""
        return sum(self.left_out.values())

    def rows(self) -> list[dict[str, Any]]:
        """Return the design table: one row per designed run; what a design lacks is absent."""
        return rows_of(self.trials)

    def arms_of(self, question: Question, *, times: float = 1.0) -> dict[Any, str]:
        """Return value -> arm id for the factor that the question compares, at a budget.

        All other factors have their baseline; tied ones follow. Of an interaction the keys are
        pairs of values, the second factor changing fastest; of a component table they are the
        names of its rows.
        """
        factors, name, other = self.config.factors, question.compare, question.crossed_with
        chosen: dict[Any, dict[str, Any]]
        if question.components:
            chosen = table_rows([factors[one] for one in question.components])
        elif other is None:
            chosen = {value: {name: value} for value in factors[name].values}
        else:
            pairs = itertools.product(factors[name].values, factors[other].values)
            chosen = {pair: dict(zip((name, other), pair, strict=True)) for pair in pairs}
        return {
            value: _recipe(self.recipes, Row(values=filled(factors, some)), times=times).arm_id
            for value, some in chosen.items()
        }


def make(config: StudyConfig, *, reserved: Mapping[str, int] | None = None) -> Plan:
    """Return the plan of a checked study; the same file gives the same plan.

    Args:
        config: The study.
        reserved: Search -> how many trials it was begun with, where it was extended since: numbers
            of other phases, and what depended on it before version 4 of the defaults, stay.

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
    recipes = Recipes(config)
    trials: list[PlannedTrial] = []
    searches: list[SearchPlan] = []
    confirmations: list[ConfirmPlan] = []
    spares: list[PlannedTrial] = []
    faults = [f"{config.file}: {line}" for line in refusals(config)]
    number = duplicates = 0
    left_out: dict[str, int] = {}
    for phase in config.phases.values():
        if phase.design == SEARCH:
            count = int(phase.trials or 0)
            faults += [f"{config.file}: {line}" for line in _search_faults(config, phase)]
            searches.append(
                _search(config, phase, first=number, begun=(reserved or {}).get(phase.name, count))
            )
            number += searches[-1].reserved
            continue
        if phase.design == CONFIRM and "of" in phase.options:
            confirmations.append(_confirmation(phase))
            continue
        designed = design_trials(recipes, phase, first=number)
        last = len(designed.trials)
        if phase.options.get("redraws"):
            last = sum((trial.block or 0) <= phase.options["blocks"] for trial in designed.trials)
        trials += designed.trials[:last]  # what is behind the blocks are spare ones
        spares += designed.trials[last:]
        faults += [f"{config.file}: {line}" for line in designed.faults]
        duplicates += designed.duplicates
        left_out[phase.name] = designed.infeasible
        number += last
    faults += [f"{config.file}: {line}" for line in _stale_seeds(config, trials, confirmations)]
    if faults:
        raise ConfigError(*dict.fromkeys(faults))
    return Plan(
        recipes=recipes,
        trials=tuple(trials),
        searches=tuple(searches),
        duplicates=duplicates,
        design_hash=design_hash(recipes, trials, searches, spares),
        left_out=left_out,
        confirmations=tuple(confirmations),
        spares=tuple(spares),
    )


def lag_of(phase: Phase, begun: int) -> int:
    """Return the lag of a search that began before version 4 of the defaults."""
    return int(phase.options.get(LAG) or min(16, max(1, begun // 4)))


def _search(config: StudyConfig, phase: Phase, *, first: int, begun: int) -> SearchPlan:
    is_open = config.defaults >= EXTENDS_SINCE
    return SearchPlan(
        phase=phase,
        first=first,
        trials=int(phase.trials or 0),
        reserved=begun,
        lag=phase.options.get(LAG) if is_open else lag_of(phase, begun),
        replaces=is_open,
    )


def _confirmation(phase: Phase) -> ConfirmPlan:
    winners = int(phase.options.get("winners", 1))
    return ConfirmPlan(
        phase=phase,
        of=str(phase.options["of"]),
        winners=winners,
        runs=int(phase.options["blocks"]) * (1 + winners),
    )


def _stale_seeds(
    config: StudyConfig, trials: list[PlannedTrial], confirmations: list[ConfirmPlan]
) -> list[str]:
    """Return a line per confirmation with a seed that another phase of the study has."""
    taken: dict[str, set[int]] = {}
    for trial in trials:
        for run in trial.runs:
            taken.setdefault(trial.phase, set()).update({run.seed, run.split_seed or run.seed})
    for phase in config.phases.values():
        if phase.design == SEARCH:
            taken[phase.name] = set(range(config.seed, config.seed + phase.seeds))
    for confirmation in confirmations:
        inputs = Inputs(factors={}, seed=config.drawn_from, phase=confirmation.phase.name)
        blocks = range(1, int(confirmation.phase.options["blocks"]) + 1)
        taken[confirmation.phase.name] = {s for b in blocks for s in block_seeds(inputs, b)}
    return [
        f"phases.{phase.name}: shares a seed with {other}; a confirmation needs fresh ones: give "
        "the phase another name, or the study another seed"
        for phase in config.phases.values()
        if phase.design == CONFIRM
        for other, seeds in taken.items()
        if other != phase.name and seeds & taken.get(phase.name, set())
    ]


def _search_faults(config: StudyConfig, phase: Phase) -> list[str]:
    """Return one line per demand that the sampler or the pruner of a search cannot meet."""
    from ablate.search.refusals import refusals as refused

    return refused(phase, dimensions=config.dimensions, directions=directions_of(config))


def design_rows(config: StudyConfig, phase: Phase, *, frozen: Sequence[Frozen] = ()) -> Rows:
    """Return the table of a designed phase.

    Args:
        config: The study.
        phase: One of its phases.
        frozen: Of a confirmation, the baseline and the winners.

    Raises:
        ConfigError: The design refuses its options or the factors of the study.
    """
    name = BLOCKED if phase.design == AT_BUDGET else phase.design
    design = DESIGNS.get(name, where=f"phases.{phase.name}.design")
    inputs = Inputs(
        factors=config.factors,
        dimensions=config.dimensions,
        nuisance=config.nuisance,
        trials=int(phase.trials or 0),
        seed=config.drawn_from,
        phase=phase.of or phase.name,  # blocks at another budget have the answer's seeds and points
        frozen=tuple(frozen),
    )
    try:
        inspect.signature(design).bind(inputs, **phase.options)
    except TypeError as error:
        raise ConfigError(
            f"phases.{phase.name}.options: {error}; `ablate list designs` shows what there is"
        ) from None
    return design(inputs, **phase.options)


def make_trial(
    recipes: Recipes, phase: Phase, number: int, values: Mapping[str, Any]
) -> PlannedTrial:
    """Return the trial at `values` by dimension: inert settings dropped, identities derived."""
    return _trial(recipes.config, phase, number, recipes.at(values), Row(values=values))


def specs(plan: Plan) -> Iterator[RunSpec]:
    """Yield the designed runs, all first seeds before all second ones."""
    most = max((len(trial.runs) for trial in plan.trials), default=0)
    for phase in plan.config.phases:
        for index in range(most):
            for trial in plan.trials:
                if trial.phase == phase and index < len(trial.runs):
                    yield trial.runs[index]


@dataclass(slots=True, kw_only=True)
class Designed:
    """What a design came to."""

    trials: list[PlannedTrial] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    duplicates: int = 0
    infeasible: int = 0  # points of an exploration that break a constraint and are left out


def design_trials(
    recipes: Recipes, phase: Phase, *, first: int, frozen: Sequence[Frozen] = ()
) -> Designed:
    """Return the trials of a designed phase, numbered from `first`."""
    made, config = Designed(), recipes.config
    try:
        rows = design_rows(config, phase, frozen=frozen)
        found = [_recipe(recipes, row, times=phase.times) for row in rows]
    except ConfigError as error:
        made.faults += error.faults
        return made
    seen: dict[tuple[str, int | None, int | None], Recipe] = {}
    for row, recipe in zip(rows, found, strict=True):
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
    if made.infeasible and not made.trials:
        lines = Counter(line for recipe in found for line in recipe.violations)
        broken, count = lines.most_common(1)[0]
        made.faults.append(
            f"phases.{phase.name}: all {made.infeasible} points break a constraint, {count} of "
            f"them {broken}; change the factors or the constraint"
        )
    return made


def _recipe(recipes: Recipes, row: Row, *, times: float = 1.0) -> Recipe:
    values = {**dimension_values(recipes.config, row.values), **row.settings}
    return recipes.at(values, row.nuisance, times=times)


def _rungs(phase: Phase, recipe: Recipe) -> tuple[int, ...]:
    """Return the steps after which val is scored: those of the phase, or a pilot's doublings.

    A pilot is scored at an eighth, a quarter and a half of its steps, so that its report can say
    whether the baseline was still rising. It is never stopped there, and rungs are in no id.
    """
    if phase.rungs or phase.design != BASELINE_ONLY:
        return phase.rungs
    steps = int(recipe.settings["train"]["steps"])
    return tuple(sorted({steps // share for share in PILOT_SHARES} - {0, steps}))


def _trial(
    config: StudyConfig, phase: Phase, number: int, recipe: Recipe, row: Row
) -> PlannedTrial:
    seeds = [row.seed] if row.seed is not None else range(config.seed, config.seed + phase.seeds)
    trial = Trial(
        phase=phase.name,
        arm_id=recipe.arm_id,
        recipe_id=recipe.recipe_id,
        factors=recipe.values,
        nuisance=recipe.nuisance,
        dummy=row.dummy,
        block=row.block,
        point=row.point,
        split_seed=row.split_seed,
        budget=phase.budget,
    )
    runs = tuple(
        RunSpec(
            **trial.shared(),
            run_id=_run_id(recipe, phase, row, seed),
            study=config.name,
            trial=number,
            seed=seed,
            name=_run_name(recipe, row, f"s{index}" if phase.seeds > 1 else ""),
            settings=recipe.settings,
            questions=tuple(config.questions),
            rungs=_rungs(phase, recipe),
            objective=config.objective,
            scores_test=phase.design not in SEARCHES,
            keeps_weights=phase.design in SEARCHES and config.keep_best > 0,
        )
        for index, seed in enumerate(seeds)
    )
    return PlannedTrial(
        **trial.shared(),
        number=number,
        name=recipe.name,
        runs=runs,
        violations=recipe.violations,
        change=row.change,
    )


def _run_id(recipe: Recipe, phase: Phase, row: Row, seed: int) -> str:
    seeds = [seed] if row.split_seed is None else [seed, row.split_seed]
    return digest([recipe.recipe_id, *seeds, phase.name, row.block, row.point])


def _run_name(recipe: Recipe, row: Row, seed: str) -> str:
    block = f"b{row.block}" if row.block is not None else ""
    point = f"p{row.point}" if row.point is not None else ""
    return " · ".join(part for part in (recipe.name, block, point, seed) if part)
