"""From a study file to the table of everything that will run, before anything runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ablate import losses
from ablate.config.apply import active, apply, violations
from ablate.config.schema import Phase, StudyConfig
from ablate.designs.contract import DESIGNS
from ablate.errors import ConfigError
from ablate.identity import JsonValue, digest
from ablate.training.spec import RunSpec

SEARCH = "search"
NOT_IDENTITY = {"data": {"root", "infrared", "visible", "splits"}, "train": {"gallery"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTrial:
    """One combination of settings and the runs, one per seed, that will try it."""

    number: int
    phase: str
    values: Mapping[str, JsonValue]  # active dimensions only
    arm_id: str
    name: str
    runs: tuple[RunSpec, ...]
    violations: tuple[str, ...] = ()


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

    @property
    def runs(self) -> int:
        """Return the number of planned runs, searches included."""
        searched = sum(search.trials * search.phase.seeds for search in self.searches)
        return sum(len(trial.runs) for trial in self.trials) + searched

    def rows(self) -> list[dict[str, Any]]:
        """Return the design table: one row per designed run."""
        return [
            {
                "trial": trial.number, "phase": trial.phase, "arm": trial.name,
                "arm_id": trial.arm_id, "run_id": run.run_id, "seed": run.seed,
                **{f"factor.{name}": value for name, value in trial.values.items()},
            }
            for trial in self.trials
            for run in trial.runs
        ]  # fmt: skip


def make(config: StudyConfig) -> Plan:
    """Return the plan of a checked study; the same file gives the same plan.

    Raises:
        ConfigError: A designed trial breaks a constraint or a rule of the loss, or the objective
            is not a val metric.
    """
    split, _, metric = config.objective.partition("/")
    if split != "val" or metric not in config.base["metrics"]["names"]:
        raise ConfigError(
            f"{config.file}: objective: {config.objective!r} cannot be tuned on; tuning on test is "
            f"refused: name val/ and one of {', '.join(config.base['metrics']['names'])}"
        )
    trials: list[PlannedTrial] = []
    searches: list[SearchPlan] = []
    faults: list[str] = []
    number = duplicates = 0
    for phase in config.phases.values():
        if phase.design == SEARCH:
            count = int(phase.trials or 0)
            searches.append(
                SearchPlan(phase=phase, first=number, trials=count, lag=min(16, max(1, count // 4)))
            )
            number += count
            continue
        seen: set[str] = set()
        for values in DESIGNS.get(phase.design, where=f"phases.{phase.name}.design")(
            config.factors
        ):
            trial = make_trial(config, phase, number, values)
            faults += [
                f"{config.file}: phases.{phase.name}: {trial.name}: {broken}"
                for broken in trial.violations
            ]
            if trial.arm_id in seen:
                duplicates += 1
                continue
            seen.add(trial.arm_id)
            trials.append(trial)
            number += 1
    if faults:
        raise ConfigError(*dict.fromkeys(faults))
    return Plan(
        config=config,
        trials=tuple(trials),
        searches=tuple(searches),
        duplicates=duplicates,
        design_hash=_design_hash(config, trials, searches),
    )


def make_trial(
    config: StudyConfig, phase: Phase, number: int, values: Mapping[str, Any]
) -> PlannedTrial:
    """Return the trial at `values`: inert settings dropped, identities derived."""
    dimensions = {name: config.dimensions[name] for name in values}
    kept = active(dimensions, values, config.base)
    settings = canonical(apply(config.base, config.dimensions, kept))
    kept = {name: value for name, value in kept.items() if _has_effect(config, name, settings)}
    broken = violations(config.constraints, settings, kept)
    broken += losses.check(settings["loss"], settings["data"]["crop"])
    arm_id = digest(identity_of(settings))
    name = arm_name(kept)
    questions = tuple(config.questions)
    runs = tuple(
        RunSpec(
            run_id=digest([arm_id, config.seed + index, phase.name, None, None]),
            arm_id=arm_id,
            study=config.name,
            phase=phase.name,
            trial=number,
            seed=config.seed + index,
            name=f"{name} · s{index}" if phase.seeds > 1 else name,
            settings=settings,
            factors=kept,
            questions=questions,
            rungs=tuple(phase.rungs or ()),
            objective=config.objective,
            scores_test=phase.design != SEARCH,
        )
        for index in range(phase.seeds)
    )
    return PlannedTrial(
        number=number, phase=phase.name, values=kept, arm_id=arm_id, name=name, runs=runs,
        violations=tuple(broken),
    )  # fmt: skip


def canonical(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings without those that cannot change the result."""
    return {**settings, "loss": losses.canonical(settings["loss"])}


def identity_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of the settings that makes an arm: paths and picture counts are not."""
    return {
        section: {k: v for k, v in part.items() if k not in NOT_IDENTITY.get(section, ())}
        for section, part in settings.items()
    }


def arm_name(values: Mapping[str, Any]) -> str:
    """Return what people read: names as they are, numbers with their dimension.

    Example:
        >>> arm_name({"variant": "signed", "ratio": 0.5, "levels": 3})
        'signed · ratio 0.5 · 3 levels'
    """
    parts = []
    for name, value in values.items():
        if isinstance(value, str):
            parts.append(value)
        elif name == "levels":
            parts.append(f"{value} levels" if value != 1 else "1 level")
        elif isinstance(value, float):
            parts.append(f"{name} {value:.4g}")
        else:
            parts.append(f"{name} {value}")
    return " · ".join(parts) or "baseline"


def specs(plan: Plan) -> Iterator[RunSpec]:
    """Yield the designed runs, all first seeds before all second ones."""
    most = max((len(trial.runs) for trial in plan.trials), default=0)
    for phase in plan.config.phases:
        for index in range(most):
            for trial in plan.trials:
                if trial.phase == phase and index < len(trial.runs):
                    yield trial.runs[index]


def _has_effect(config: StudyConfig, name: str, settings: Mapping[str, Any]) -> bool:
    """Return False for a loss dimension whose setting the canonical form dropped."""
    path = config.dimensions[name].path or ""
    section, _, key = path.partition(".")
    return section != "loss" or "." in key or key in settings["loss"]


def _design_hash(
    config: StudyConfig, trials: list[PlannedTrial], searches: list[SearchPlan]
) -> str:
    return digest(
        {
            "study": config.name,
            "objective": config.objective,
            "seed": config.seed,
            "trials": [
                [trial.phase, trial.arm_id, [run.run_id for run in trial.runs]] for trial in trials
            ],
            "searches": [
                [
                    search.phase.name, search.trials, search.phase.seeds, search.lag,
                    str(search.phase.sampler), str(search.phase.pruner),
                    list(search.phase.rungs or ()), repr(sorted(config.dimensions.items())),
                    repr(config.constraints), identity_of(canonical(config.base)),
                ]
                for search in searches
            ],
            "questions": repr(sorted(config.questions.items())),
        }
    )  # fmt: skip
