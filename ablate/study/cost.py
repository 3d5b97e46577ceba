"""What a plan costs, from what earlier runs took, and which answer design a budget holds."""

import json
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ablate.config.schema import Phase, StudyConfig
from ablate.errors import ConfigError
from ablate.study.plan import Plan
from ablate.training.budget import at_budget

ALIKE = (
    "task",
    "data.name",
    "data.crop",
    "model",
    "train.batch_size",
    "train.precision",
    "train.layout",
    "train.graph",
    "train.device",
)
SIZES = (
    (8, 16),
    *((4, blocks) for blocks in range(16, 7, -1)),
    *((2, blocks) for blocks in range(15, 5, -1)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What runs took: medians over the finished runs that were looked at."""

    seconds_per_step: float
    seconds_beside: float = 0.0  # per run: start, scoring, pictures
    runs: int = 0

    def seconds(self, *, runs: int, steps: int) -> float:
        """Return the seconds that some runs of `steps` steps take one after the other."""
        return runs * (steps * self.seconds_per_step + self.seconds_beside)

    def seconds_of(self, lengths: Mapping[int, int]) -> float:
        """Return the seconds of steps -> number of runs that long, one after the other."""
        return sum(self.seconds(runs=runs, steps=steps) for steps, runs in lengths.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetCost:
    """What a phase that is run at several budgets costs at one of them."""

    phase: str
    times: float  # multiple of train.steps
    runs: int
    steps: int
    hours: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Runs, steps and, where a pace is known, hours on all slots together."""

    runs: int
    steps: int
    hours: float | None
    lengths: Mapping[int, int] = field(default_factory=dict)  # steps -> runs that long
    budgets: tuple[BudgetCost, ...] = ()  # of phases that are run at several


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The largest answer design that a budget holds."""

    phase: str
    points: int
    blocks: int
    hours: float  # of the whole study with it


def pace_of(store: Path, config: StudyConfig) -> Pace | None:
    """Return the pace of earlier runs in a store that trained alike; None when there are none.

    Alike are runs with the same data set, crop, model, batch size, arithmetic and device, whatever
    their study, loss and number of steps.
    """
    wanted = _alike(config.base)
    steps: list[float] = []
    beside: list[float] = []
    for spec, result in _finished(store):
        per_step, seconds = (result["facts"].get(k) for k in ("seconds_per_step", "seconds"))
        if per_step is None or seconds is None or _alike(spec["settings"]) != wanted:
            continue
        steps.append(per_step)
        beside.append(max(0.0, seconds - per_step * spec["settings"]["train"]["steps"]))
    if not steps:
        return None
    return Pace(
        seconds_per_step=statistics.median(steps),
        seconds_beside=statistics.median(beside),
        runs=len(steps),
    )


def cost(plan: Plan, pace: Pace | None = None) -> Cost:
    """Count runs and steps of a plan; hours are None without a pace."""
    lengths = _lengths(plan)

    def hours(lengths: Mapping[int, int]) -> float | None:
        return None if pace is None else pace.seconds_of(lengths) / 3600 / _slots(plan.config)

    budgets = []
    for phase in plan.config.phases.values():
        if phase.budget is not None:
            mine = _lengths(plan, phase.name)
            budgets.append(
                BudgetCost(
                    phase=phase.name,
                    times=phase.budget,
                    runs=mine.total(),
                    steps=_steps(mine),
                    hours=hours(mine),
                )
            )
    return Cost(
        runs=plan.runs,
        steps=_steps(lengths),
        hours=hours(lengths),
        lengths=lengths,
        budgets=tuple(budgets),
    )


def _lengths(plan: Plan, phase: str | None = None) -> Counter[int]:
    """Return steps -> planned runs that long, of one phase or of all."""
    found = Counter(
        int(run.settings["train"]["steps"])
        for trial in plan.trials
        if phase in (None, trial.phase)
        for run in trial.runs
    )
    if phase is None and (rest := plan.runs - found.total()):
        found[_steps_of(plan)] += rest  # suggested or frozen later
    return found


def _steps_of(plan: Plan, times: float = 1.0) -> int:
    """Return the steps of a training where nothing varies them, at a multiple of them."""
    return int(at_budget(plan.recipes.base, times)["train"]["steps"])


def _steps(lengths: Mapping[int, int]) -> int:
    return sum(steps * runs for steps, runs in lengths.items())


def fit(plan: Plan, pace: Pace, *, hours: float) -> Fit | None:
    """Return the largest answer design with which the study takes at most `hours`; None if none.

    Tried are, in this order, 8 points x 16 blocks, 4 points x 16 to 8 blocks, and 2 points x 15 to
    6 blocks, at every budget of the phase; the rest of the study stays as it is.

    Raises:
        ConfigError: The study has no phase with blocks.
    """
    phase = _answer(plan.config)
    sized = {
        one.name: one for one in plan.config.phases.values() if phase.name in (one.name, one.of)
    }
    rest = _lengths(plan)
    for name in sized:
        rest -= _lengths(plan, name)
    arms = len({trial.arm_id for trial in plan.trials if trial.phase == phase.name})
    for points, blocks in SIZES:
        lengths = Counter(rest)
        for one in sized.values():
            lengths[_steps_of(plan, one.times)] += arms * points * blocks
        taken = pace.seconds_of(lengths) / 3600 / _slots(plan.config)
        if taken <= hours:
            return Fit(phase=phase.name, points=points, blocks=blocks, hours=taken)
    return None


def _answer(config: StudyConfig) -> Phase:
    for phase in config.phases.values():
        if "blocks" in phase.options and "points" in phase.options:
            return phase
    raise ConfigError(
        f"{config.file}: phases: none has blocks whose number could be chosen; add a phase such as "
        "answer: {design: blocked}"
    )


def _slots(config: StudyConfig) -> int:
    return int(config.executor.get("slots", 1))


def _alike(settings: Mapping[str, Any]) -> list[Any]:
    found = []
    for path in ALIKE:
        value: Any = settings
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        found.append(value)
    return found


def _finished(store: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield the spec and the result of every finished run of every study in a store."""
    for path in sorted(store.glob("*/runs/*/result.json")):
        try:
            spec = json.loads((path.parent / "spec.json").read_text(encoding="utf-8"))
            result = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # a run that is being written, or was cut short
        if result.get("state") == "finished":
            yield spec, result
