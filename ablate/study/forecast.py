"""How long a study will take: figures per kind of training, and the sum over a plan.

Trainings are of one kind where they differ only in settings that do not change the time of a step
(seeds, learning rate, weights of terms, number of steps). Figures are measured by
`ablate.study.timing`, or come from its cache or from finished runs; steps count linearly.
"""

import json
import math
import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

from ablate.config.apply import leaves
from ablate.config.schema import StudyConfig
from ablate.fingerprint import numeric_hash
from ablate.identity import digest
from ablate.study.plan import Plan
from ablate.training.environment import cpu_kind
from ablate.training.spec import RESULT, SPEC
from ablate.writing import write_json

Source = Literal["measured", "cache", "runs"]
FORMAT: Final = 2
_NO_TIME: Final = {"train": {"steps", "warmup_steps", "schedule"}, "data": {"seed"}}
_ONLY_ZERO_OR_NOT: Final = (
    "gradient_weight",
    "intensity_weight",
    "ssim_weight",
    "weight_growth",
    "gate_slope",
    "knee",
    "warmup_steps",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Seconds that trainings of one kind take on one machine.

    `data_s`, `baselines_s`, `driver_s` and `finish_s` come once per study, `worker_s` once per
    worker, `record_s` at every run, beside the others.
    """

    step_s: float
    start_s: float = 0.0  # of a run, before its first step
    val_s: float = 0.0  # one scoring of val: forward passes and metrics
    test_s: float = 0.0
    end_s: float = 0.0  # pictures, weights
    data_s: float = 0.0  # decoding, and what the metrics keep of the sources
    baselines_s: float = 0.0  # the trivial ones, scored on test
    worker_s: float = 0.0  # a worker's start
    driver_s: float = 0.0  # the command's start, until the first run can begin
    record_s: float = 0.0  # of a run in the driver: MLflow, Optuna, the ledger
    finish_s: float = 0.0  # the study's tables and pictures, behind the last run
    cpu_share: float = 1.0  # of the time, while it was measured; low on a busy machine

    @property
    def beside_s(self) -> float:
        """Return the seconds of a run beside its steps, both splits scored once."""
        return self.start_s + self.val_s + self.test_s + self.end_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Trainings of one kind, and one of them."""

    key: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Equal runs of one phase."""

    phase: str
    kind: str
    runs: int
    steps: int
    rungs: int
    scores_test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a plan takes, in hours."""

    machine_h: float
    wall_h: float
    workers: int
    steps_h: float
    scoring_h: float
    baselines_h: float
    phases_h: Mapping[str, float]
    kinds: int
    known_kinds: int
    source: Source
    cpu_share: float
    around_h: float = 0.0  # start-up, and records in the stores


def kind_of(settings: Mapping[str, Any]) -> Kind:
    """Return the kind of a training by its settings."""
    kept: dict[str, Any] = {
        section: {k: v for k, v in part.items() if k not in _NO_TIME.get(section, ())}
        for section, part in settings.items()
    }
    for section, part in kept.items():
        for name, value in part.items():
            is_rate = section == "train" and isinstance(value, float)
            if is_rate or (section == "loss" and name in _ONLY_ZERO_OR_NOT):
                part[name] = bool(value)  # a term or a step that is left out, or not
    return Kind(key=digest(kept), settings=settings)


def loads(plan: Plan) -> tuple[list[Load], dict[str, Kind]]:
    """Return all runs of a plan and their kinds, the baseline's first.

    Runs of searches and confirmations, whose settings are not known yet, are of that kind.
    """
    config = plan.config
    values = {name: dimension.baseline for name, dimension in config.dimensions.items()}
    settings = plan.recipes.at(values).settings
    baseline = kind_of(settings)
    steps = int(settings["train"]["steps"])
    kinds = {baseline.key: baseline}
    counted: dict[tuple[str, str, int, int, bool], int] = {}
    of_recipe: dict[str, Kind] = {}
    for trial in plan.trials:
        for spec in trial.runs:
            if spec.recipe_id not in of_recipe:
                of_recipe[spec.recipe_id] = kind_of(spec.settings)
            kind = of_recipe[spec.recipe_id]
            kinds.setdefault(kind.key, kind)
            of_run = int(spec.settings["train"]["steps"])
            rungs = sum(rung < of_run for rung in spec.rungs)
            key = (trial.phase, kind.key, of_run, rungs, spec.scores_test)
            counted[key] = counted.get(key, 0) + 1
    for search in plan.searches:
        rungs = sum(rung < steps for rung in search.phase.rungs or ())
        key = (search.phase.name, baseline.key, steps, rungs, False)
        counted[key] = search.trials * search.phase.seeds
    for one in plan.confirmations:
        counted[one.phase.name, baseline.key, steps, 0, True] = one.runs
    found = [
        Load(phase=phase, kind=kind, steps=of, rungs=rungs, scores_test=tested, runs=runs)
        for (phase, kind, of, rungs, tested), runs in counted.items()
    ]
    return found, kinds


def forecast(plan: Plan, figures: Mapping[str, Figures], *, source: Source) -> Forecast | None:
    """Estimate the hours of a plan from the figures of some of its kinds; None without any.

    A kind without figures has the means of those that differ from it in the fewest settings.
    """
    work, kinds = loads(plan)
    known = {key: one for key, one in figures.items() if key in kinds}
    if not known:
        return None
    of_kind = {key: known.get(key) or _alike(key, kinds, known) for key in kinds}
    steps_s = scoring_s = 0.0
    phases: dict[str, float] = {}
    longest_s = 0.0
    for load in work:
        one = of_kind[load.kind]
        training_s = load.steps * one.step_s
        scored = (1 + load.rungs) * one.val_s + (one.test_s if load.scores_test else 0.0)
        run_s = one.start_s + training_s + scored + one.end_s
        steps_s += load.runs * training_s
        scoring_s += load.runs * scored
        phases[load.phase] = phases.get(load.phase, 0.0) + load.runs * run_s
        longest_s = max(longest_s, run_s)
    first = next(iter(of_kind.values()))
    workers = int(plan.config.executor.get("slots", 1))
    runs_s, once_s = sum(phases.values()), first.data_s + first.baselines_s
    driver_s, recorded_s = first.driver_s + first.finish_s, plan.runs * first.record_s
    machine_s = runs_s + once_s + workers * first.worker_s + driver_s + recorded_s
    cores = os.cpu_count() or 1
    side_by_side = min(workers, cores) if _is_here(plan.config) else workers
    wall_s = max(longest_s, (runs_s + first.data_s) / side_by_side, recorded_s)
    if _is_here(plan.config):  # the driver works beside the workers, on the same cores
        is_alone = str(plan.config.executor["name"]) == "inline"
        worked_s = runs_s + first.data_s + recorded_s
        wall_s = max(wall_s, worked_s / (1 if is_alone else min(workers + 1, cores)))
    wall_s += first.worker_s + first.baselines_s + driver_s
    return Forecast(
        machine_h=machine_s / 3600,
        wall_h=wall_s / 3600,
        workers=workers,
        steps_h=steps_s / 3600,
        scoring_h=scoring_s / 3600,
        baselines_h=first.baselines_s / 3600,
        phases_h={name: seconds / 3600 for name, seconds in phases.items()},
        kinds=len(kinds),
        known_kinds=len(known),
        source=source,
        cpu_share=statistics.fmean(one.cpu_share for one in known.values()),
        around_h=(driver_s + recorded_s + workers * first.worker_s) / 3600,
    )


def known_figures(plan: Plan, store: Path) -> tuple[dict[str, Figures], Source]:
    """Return the figures of the study's own finished runs, else those of the cache, and which."""
    _, kinds = loads(plan)
    own = {key: one for key, one in of_runs(store / plan.config.name).items() if key in kinds}
    if own:
        return own, "runs"
    return cached(kinds, device=str(plan.config.base["train"]["device"])), "cache"


def of_runs(folder: Path) -> dict[str, Figures]:
    """Return the medians of the finished runs of a study by kind; their scoring is in `start_s`."""
    steps: dict[str, list[float]] = {}
    beside: dict[str, list[float]] = {}
    for settings, facts in _finished(folder):
        per_step, seconds = facts.get("seconds_per_step"), facts.get("seconds")
        if isinstance(per_step, int | float) and isinstance(seconds, int | float):
            key = kind_of(settings).key
            steps.setdefault(key, []).append(per_step)
            rest = seconds - per_step * settings["train"]["steps"]
            beside.setdefault(key, []).append(max(0.0, rest))
    return {
        key: Figures(step_s=statistics.median(some), start_s=statistics.median(beside[key]))
        for key, some in steps.items()
    }


def cached(kinds: Mapping[str, Kind], *, device: str) -> dict[str, Figures]:
    """Return the figures that were measured on this machine; a damaged file is as good as none."""
    found = {}
    for key in kinds:
        try:
            raw = json.loads(_file(key, device).read_text(encoding="utf-8"))
            one = Figures(**{name: float(value) for name, value in raw["figures"].items()})
            if raw["format"] == FORMAT and all(0 <= v < math.inf for v in asdict(one).values()):
                found[key] = one
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
    return found


def keep(figures: Mapping[str, Figures], *, device: str) -> bool:
    """Keep figures for later plans on this machine; return False where that cannot be written.

    One file per kind, which appears whole: plans that measure at once do not meet.
    """
    try:
        for key, one in figures.items():
            path = _file(key, device)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, {"format": FORMAT, "time": time.time(), "figures": asdict(one)})
    except OSError:
        return False
    return True


def _file(key: str, device: str) -> Path:
    """Return the file of a kind for this machine, torch and code."""
    here = {
        "cpu": cpu_kind(),
        "cores": os.cpu_count(),
        "device": device,
        "code": numeric_hash(),
        "torch": version("torch"),
    }
    if device.startswith("cuda"):
        import torch

        is_there = torch.cuda.is_available()
        here["gpu"] = torch.cuda.get_device_name(torch.device(device)) if is_there else None
    place = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 -- never raises
    return Path(place) / "ablate" / "timings" / f"{digest([key, here])}.json"


def _alike(key: str, kinds: Mapping[str, Kind], known: Mapping[str, Figures]) -> Figures:
    """Return the means of the figures whose kinds differ in the fewest settings."""
    mine = {path: repr(value) for path, value in leaves(kinds[key].settings)}

    def unlike(other: str) -> int:
        theirs = {path: repr(value) for path, value in leaves(kinds[other].settings)}
        return sum(mine.get(path) != theirs.get(path) for path in {*mine, *theirs})

    distances = {other: unlike(other) for other in known}
    near = [known[o] for o, distance in distances.items() if distance == min(distances.values())]
    names = asdict(near[0])
    return Figures(**{n: statistics.fmean(getattr(one, n) for one in near) for n in names})


def representatives(kinds: Sequence[Kind], *, most: int) -> list[Kind]:
    """Return at most so many kinds, the first one and others evenly spaced.

    Example:
        >>> some = [Kind(key=str(n), settings={}) for n in range(10)]
        >>> [kind.key for kind in representatives(some, most=4)]
        ['0', '3', '6', '9']
    """
    if len(kinds) <= most:
        return list(kinds)
    return [kinds[index * (len(kinds) - 1) // (most - 1)] for index in range(most)]


def _is_here(config: StudyConfig) -> bool:
    """Return whether the workers share this machine's cores."""
    is_local = config.executor["name"] in ("inline", "processes", "local")
    return is_local and str(config.base["train"]["device"]) == "cpu"


def _finished(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield settings and facts of every finished run of a study that was not interrupted."""
    for path in sorted(folder.glob(f"runs/*/{RESULT}")):
        try:
            spec = json.loads((path.parent / SPEC).read_text(encoding="utf-8"))
            result = json.loads(path.read_text(encoding="utf-8"))
            if result["state"] == "finished":
                yield spec["settings"], result["facts"]
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a run that is being written, or was cut short
