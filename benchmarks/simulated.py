"""A study whose trials take no time: the real driver, ledger, Optuna and MLflow, no training.

What a worker would leave in a run's folder is written there as it writes it, on a clock of its own,
so that what remains is the cost of the harness.
"""

import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ablate import config
from ablate.config.schema import StudyConfig
from ablate.execution.protocol import EXECUTORS, Decide
from ablate.study.driver import Progress
from ablate.study.names import known
from ablate.training.spec import JOURNAL, RESULT, SPEC, RunResult, RunSpec

METRICS = ("en", "mi", "vif", "sd", "scd", "qabf")
SPACE = {
    "learning_rate": {
        "type": "float",
        "path": "train.learning_rate",
        "low": 1e-4,
        "high": 1e-2,
        "log": True,
        "baseline": 1e-3,
    },
    "levels": {"type": "int", "path": "loss.levels", "low": 1, "high": 3, "baseline": 3},
    "ratio": {
        "type": "float",
        "path": "loss.ratio",
        "low": 0.4,
        "high": 0.84,
        "baseline": 0.5,
        "when": "levels > 1",
    },
}
DESIGNS: Mapping[str, Mapping[str, Any]] = {
    "designed": {"design": "sobol"},
    "random": {"design": "search", "sampler": "random"},
    "tpe": {"design": "search", "sampler": "tpe"},
}
STEPS = range(1, 11)


def study(
    folder: Path, *, trials: int, slots: int = 1, kind: str = "designed", **executor: Any
) -> StudyConfig:
    """Return a checked study of some trials on simulated workers.

    Args:
        folder: Where its file is written.
        trials: Of its one phase.
        slots: Workers.
        kind: One of `DESIGNS`.
        executor: Further options of the executor, or its name.
    """
    EXECUTORS.register("simulated")(Simulated)
    file = folder / f"{executor.get('name', kind)}_{trials}_{slots}.yaml"
    whole = {
        "title": "Simulated trials",
        "space": {"dimensions": SPACE},
        "phases": {"explore": {**DESIGNS[kind], "trials": trials}},
        "base": {
            "data": {"name": "synthetic"},
            "train": {"gallery": 0},
            "model": {"name": "probe"},
        },
        "executor": {"name": "simulated", "slots": slots, **executor},
    }
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return config.load(file, (), known=known())


def written(spec: RunSpec, folder: Path, *, steps: range = STEPS, per_step: int = 3) -> RunResult:
    """Write what a worker leaves behind, without waiting for the disk, and return the result."""
    draw = random.Random(spec.run_id)
    base = 0.5 - 0.1 * (spec.settings["train"]["learning_rate"] * 1e3 - 1) ** 2 / 81
    splits = ("val", "test") if spec.scores_test else ("val",)
    images = tuple(
        (split, f"{split}{at:03d}", metric, base + draw.gauss(0, 0.01))
        for split in splits
        for at in range(4)
        for metric in METRICS
    )
    result = RunResult(
        run_id=spec.run_id,
        state="finished",
        images=images,
        metrics={
            f"{split}/{metric}": base + draw.gauss(0, 0.01)
            for split in splits
            for metric in METRICS
        },
        facts={"seconds": 1.0, "steps": 10, "parameters": 1000},
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SPEC).write_text(json.dumps(spec.to_json()), encoding="utf-8")
    now = time.time_ns() // 1_000_000
    lines = [
        json.dumps(
            {
                "kind": "metrics",
                "step": step,
                "time_ms": now,
                "values": {f"train/value{at}": 1 / step for at in range(per_step)},
            }
        )
        for step in steps
    ]
    (folder / JOURNAL).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (folder / RESULT).write_text(json.dumps(result.to_json()), encoding="utf-8")
    return result


class Simulated:
    """Workers that are done at once; what they write is timed apart.

    Args:
        decide: Not asked: no run has rungs.
        slots: Runs side by side; a poll ends a few of them.
    """

    cpu_s = wall_s = 0.0  # of all that stood in for workers, in this process
    steps, ended_per_poll = STEPS, 8

    def __init__(self, *, decide: Decide, slots: int = 1) -> None:
        del decide
        self.slots = slots
        self._open: list[tuple[RunSpec, Path]] = []

    def submit(self, spec: RunSpec, folder: Path) -> None:
        """Take a run."""
        self._open.append((spec, folder))

    def poll(self, timeout_s: float) -> list[RunResult]:
        """End the oldest runs."""
        del timeout_s
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        ended, self._open = self._open[: self.ended_per_poll], self._open[self.ended_per_poll :]
        found = [written(spec, folder, steps=self.steps) for spec, folder in ended]
        Simulated.cpu_s += time.process_time() - cpu_s
        Simulated.wall_s += time.perf_counter() - wall_s
        return found

    def close(self) -> None:
        """Forget what is open."""
        self._open.clear()


@dataclass(slots=True)
class Clock:
    """Times at which runs ended, on the clocks of the harness alone."""

    cpu_s: list[float] = field(default_factory=list)
    wall_s: list[float] = field(default_factory=list)

    def tick(self, progress: Progress) -> None:
        """Note that a run has ended; a listener of the driver."""
        del progress
        self.cpu_s.append(time.process_time() - Simulated.cpu_s)
        self.wall_s.append(time.perf_counter() - Simulated.wall_s)
