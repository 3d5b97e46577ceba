"""How soon a worker starts the next trial, and what several workers bring.

Run: python -m benchmarks.workers [--out FOLDER]
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import yaml

from ablate import config
from ablate.execution.protocol import EXECUTORS, Decide
from ablate.study.driver import run
from ablate.study.names import known
from ablate.training.spec import RunResult, RunSpec
from benchmarks import simulated
from benchmarks.results import content, measure, options, row, show, write

ABOUT = (
    "Real trainings of the probe by the worker processes of a study on sqlite, read from the times "
    "of the files that they write; and sleeping trials that use no processor, as on a machine with "
    "a free core per worker, for the limit that the driver itself sets."
)
STEPS = 400  # of a probe, a second or two
SLEEP_S, SLEEPS = 2.0, 6  # length of a sleeping trial, trials per worker


@EXECUTORS.register("sleeping")
class Sleeping:
    """Workers whose trials take a while and no processor."""

    times: ClassVar[list[float]] = []  # of every start and end, in this process

    def __init__(self, *, decide: Decide, slots: int = 1) -> None:
        del decide
        self.slots = slots
        self._open: list[tuple[float, RunSpec, Path]] = []

    def submit(self, spec: RunSpec, folder: Path) -> None:
        """Start to sleep."""
        Sleeping.times.append(time.monotonic())
        self._open.append((time.monotonic() + SLEEP_S, spec, folder))

    def poll(self, timeout_s: float) -> list[RunResult]:
        """Return whoever has slept enough."""
        until = min(time.monotonic() + timeout_s, *(end for end, *_ in self._open))
        time.sleep(max(0.0, until - time.monotonic()))
        now = time.monotonic()
        done = [one for one in self._open if one[0] <= now]
        Sleeping.times += [now] * len(done)
        self._open = [one for one in self._open if one[0] > now]
        return [simulated.written(spec, folder) for _, spec, folder in done]

    def close(self) -> None:
        """Wake everybody."""
        self._open.clear()


def gaps(folder: Path, *, workers: int, trials: int) -> tuple[list[float], float]:
    """Return the seconds from the end of a run to the start of the next, and runs per second.

    Read from the files that real workers write: spec.json first, result.json last.
    """
    file = folder / f"probe{workers}.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "title": "Short trainings",
                "space": {"dimensions": simulated.SPACE},
                "phases": {"explore": {"design": "sobol", "trials": trials}},
                "base": {
                    "data": {"name": "synthetic", "size": [64, 64], "crop": 64},
                    "model": {"name": "probe"},
                    "train": {"steps": STEPS, "gallery": 0},
                },
            }
        )
    )
    study = config.load(file, (f"executor.slots={workers}",), known=known())
    store = folder / f"store{workers}"
    run(study, store=store)
    times = sorted(
        (
            (one / "spec.json").stat().st_mtime_ns / 1e9,
            (one / "result.json").stat().st_mtime_ns / 1e9,
        )
        for one in (store / study.name / "runs").iterdir()
    )
    starts = [start for start, _ in times]
    ends = sorted(end for _, end in times)
    later = [starts[at + workers] - ends[at] for at in range(len(times) - workers)]
    warm = len(times) // 4
    seconds = ends[-1] - ends[warm]
    return later[workers:], (len(times) - 1 - warm) / seconds


def spawned() -> float:
    """Return the seconds of a new process until it could train."""
    words = "import torch, optuna, mlflow, kornia, ablate.training.loop"
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", words], check=True)
    return time.perf_counter() - started


def sleeping(folder: Path, *, workers: int) -> float:
    """Return the share of their time in which sleeping workers are asleep, not waiting."""
    study = simulated.study(folder, trials=workers * SLEEPS, slots=workers, name="sleeping")
    Sleeping.times.clear()
    run(study, store=folder / f"sleeping{workers}")
    seconds = max(Sleeping.times) - min(Sleeping.times)
    return len(Sleeping.times) / 2 * SLEEP_S / (workers * seconds)


def main() -> None:
    """Measure and write."""
    given, load = options(ABOUT), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        processes = [spawned() for _ in range(4)][1:]
        between, one = gaps(folder, workers=1, trials=12)
        _, two = gaps(folder, workers=2, trials=20)
        asleep = {workers: sleeping(folder, workers=workers) for workers in (1, 4, 16)}
    found = content(
        "workers",
        about=ABOUT,
        load_before=load,
        clock="time of day",
        sides="one after another",
        rows=[
            row(
                "from the end of a run to the start of the next",
                unit="run",
                ours=[max(gap, 1e-4) for gap in between],
                peer=processes,
                peer_name="a spawned process imports what it needs",
                goal=20,
            ),
        ],
        measures=_measures(between, one=one, two=two, asleep=asleep),
        notes=[
            "two workers and their driver share the cores of the machine, so that two of them "
            "are twice as fast as one only where a third core is free"
        ],
    )
    show(found, write(found, folder=given.out))


def _measures(
    between: list[float], *, one: float, two: float, asleep: Mapping[int, float]
) -> list[dict[str, Any]]:
    return [
        measure(
            "from the end of a run to the start of the next", unit="s", values=between, at_most=0.1
        ),
        measure("seconds of a run (probe), one worker", unit="s", values=[1 / one]),
        measure(
            f"runs per second of 2 workers over 2 x those of 1, {os.cpu_count()} cores for "
            "workers and driver",
            unit="",
            values=[two / (2 * one)],
            at_least=0.9,
        ),
        *(
            measure(
                f"share of time at work, {workers} workers, trials of {SLEEP_S:g} s",
                unit="",
                values=[share],
                at_least=0.9,
            )
            for workers, share in asleep.items()
        ),
    ]


if __name__ == "__main__":
    main()
