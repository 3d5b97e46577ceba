"""The real driver and real stores under a cluster that is imitated: what gives way, and when.

Run: python -m benchmarks.scale [--trials 2000 4000 8000] [--workers 1000] [--minutes 10]
"""

import argparse
import contextlib
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from pathlib import Path
from typing import Any

from ablate.config.schema import StudyConfig
from ablate.execution.protocol import EXECUTORS, Decide
from ablate.study.driver import Progress, run
from ablate.training.spec import RunResult, RunSpec
from benchmarks.results import FOLDER, content, measure, show, write
from benchmarks.simulated import study, written

ABOUT = (
    "A designed study on workers that are imitated: the real driver, ledger, Optuna and MLflow on "
    "sqlite. Trials take log-normal times (median as stated, sigma 0.5), and of the nodes 1 % are "
    "lost per hour, which costs a run up to a minute of steps and half a minute for a new worker. "
    "The driver works at its true speed; where it would wait for an end, the clock of the cluster "
    "is put forward instead. Idle is the time of workers between the end of a run and the next."
)
SIGMA, LOST_PER_HOUR = 0.5, 0.01
CHECKPOINT_S, RESTART_S = 60.0, 30.0
IDLE_GOAL = 5.0


@dataclass(slots=True)
class Cluster:
    """Time on the cluster and what its workers did; one for the executor and who reads it.

    Args:
        median_s: Of a trial.
    """

    median_s: float
    draw: random.Random = field(default_factory=lambda: random.Random(0))
    skipped_s: float = 0.0
    fake_s: float = 0.0  # that stood in for workers; the driver has none of it
    fake_cpu_s: float = 0.0
    busy_s: float = 0.0
    idle_s: float = 0.0
    lost: int = 0
    free: list[float] = field(default_factory=list)  # when workers became idle
    begun: float | None = None  # the first run was handed out, by time.perf_counter

    def now(self) -> float:
        """Return seconds on the clock of the cluster."""
        return time.perf_counter() + self.skipped_s - self.fake_s

    def length(self) -> float:
        """Return how long the next trial takes, with the nodes that it loses."""
        length = self.draw.lognormvariate(0.0, SIGMA) * self.median_s
        whole = length
        while (after := self.draw.expovariate(LOST_PER_HOUR / 3600)) < length:
            self.lost += 1
            again = self.draw.uniform(0, min(CHECKPOINT_S, after)) + RESTART_S
            whole, length = whole + again, length - after + again
        return whole


CLUSTER = Cluster(median_s=600.0)


@EXECUTORS.register("imitated")
class Imitated:
    """Ends runs when their time on the cluster's clock has come."""

    def __init__(self, *, decide: Decide, slots: int = 1) -> None:
        del decide
        self.slots = slots
        self._open: list[tuple[float, int, RunSpec, Path]] = []
        self._count = 0
        heapify(CLUSTER.free)

    def submit(self, spec: RunSpec, folder: Path) -> None:
        """Hand a run to the worker that has waited for the longest time."""
        now = CLUSTER.now()
        CLUSTER.begun = CLUSTER.begun or time.perf_counter()
        if CLUSTER.free:
            CLUSTER.idle_s += now - heappop(CLUSTER.free)
        length = CLUSTER.length()
        CLUSTER.busy_s += length
        self._count += 1
        heappush(self._open, (now + length, self._count, spec, folder))

    def poll(self, timeout_s: float) -> list[RunResult]:
        """End what is due; a driver that would wait is put forward in time."""
        if timeout_s and self._open:
            ahead = self._open[0][0] - CLUSTER.now()
            CLUSTER.skipped_s += min(max(ahead, 0.0), timeout_s)
        started, cpu_s, found = time.perf_counter(), time.process_time(), []
        now = CLUSTER.now()
        while self._open and self._open[0][0] <= now:
            at, _, spec, folder = heappop(self._open)
            heappush(CLUSTER.free, at)
            found.append(written(spec, folder))
        CLUSTER.fake_s += time.perf_counter() - started
        CLUSTER.fake_cpu_s += time.process_time() - cpu_s
        return found

    def close(self) -> None:
        """Forget what is open."""
        self._open.clear()


class Enough(Exception):  # noqa: N818 -- it is no error
    """The study has gone far enough; it is started again later."""


@dataclass(slots=True)
class Watch:
    """Listens to the driver, and breaks off once.

    Args:
        workers: Side by side.
        stop_at: Ended runs at which it breaks off.
    """

    workers: int
    stop_at: int
    ended_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    def take(self, progress: Progress) -> None:
        """Note that a run has ended, with the time that the driver itself has taken."""
        self.ended_s.append(time.perf_counter() - CLUSTER.fake_s)
        self.cpu_s.append(time.process_time() - CLUSTER.fake_cpu_s)
        if len(self.cpu_s) % max(1, self.stop_at // 9) == 0:
            few = min(200, len(self.cpu_s) - 1)
            each = [
                1e3 * (times[-1] - times[-1 - few]) / few for times in (self.ended_s, self.cpu_s)
            ]
            print(
                f"{progress.ended:>7} ended; per trial {each[0]:.0f} ms, "
                f"{each[1]:.0f} ms of CPU time",
                flush=True,
            )
        if progress.ended == self.stop_at:
            raise Enough


def size(path: Path) -> float:
    """Return the MiB below a path."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files) / 2**20


def grown(folder: Path, *, trials: int, workers: int, minutes: float) -> dict[str, float]:
    """Return what a study of that size costs, broken off at 90 % and gone on with."""
    global CLUSTER  # noqa: PLW0603 -- the executor is made by its name
    folder.mkdir()
    config: StudyConfig = study(folder, trials=trials, slots=workers, name="imitated")
    CLUSTER = Cluster(median_s=60 * minutes)
    started, watch = time.perf_counter(), Watch(workers=workers, stop_at=int(0.9 * trials))
    with contextlib.suppress(Enough):
        run(config, store=folder / "store", listen=watch.take)
    whole, first = CLUSTER, CLUSTER.begun or started
    idle = 100 * whole.idle_s / (whole.idle_s + whole.busy_s)
    few = max(10, min(200, trials // 10))
    per_trial = (watch.ended_s[-1] - watch.ended_s[-few]) / (few - 1)
    CLUSTER = Cluster(median_s=60 * minutes)
    again = time.perf_counter()
    run(config, store=folder / "store")
    resumed_s = (CLUSTER.begun or again) - again
    store = folder / "store"
    return {
        "until the first run is handed out, s": first - started,
        "driver per trial at the end, ms": 1e3 * per_trial,
        "the same in CPU time, ms": 1e3 * (watch.cpu_s[-1] - watch.cpu_s[-few]) / (few - 1),
        "most trials per hour that one driver takes": 3600 / per_trial,
        "workers idle, %": idle,
        "nodes lost": whole.lost + CLUSTER.lost,
        "to go on after a stop at 90 %, s": resumed_s,
        "mlflow.db, MiB": size(store / "mlflow.db"),
        "optuna.db, MiB": size(store / "optuna.db"),
        "ledger.jsonl, MiB": size(store / config.name / "ledger.jsonl"),
        "run folders and artifacts, MiB": size(store) - size(store / "mlflow.db"),
        "memory of the driver at its most, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        / 1024,
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument("--trials", type=int, nargs="+", default=[2000, 4000, 8000])
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10.0, help="median of a trial")
    parser.add_argument("--out", type=Path, default=FOLDER)
    given, load = parser.parse_args(), os.getloadavg()[0]
    measures: list[dict[str, Any]] = []
    costs: list[float] = []
    for trials in sorted(given.trials):
        with tempfile.TemporaryDirectory(prefix="scale-") as name:
            found: Mapping[str, float] = grown(
                Path(name) / "here", trials=trials, workers=given.workers, minutes=given.minutes
            )
        costs.append(found["driver per trial at the end, ms"])
        for what, value in found.items():
            label, _, unit = what.partition(", ")
            goal = IDLE_GOAL if label == "workers idle" else None
            measures.append(
                measure(f"{trials} trials: {label}", unit=unit, values=[value], at_most=goal)
            )
            print(f"{trials:>7} {what:<48} {value:>12.4g}", flush=True)
    shortest_s = given.workers * statistics.median(costs) / 1e3
    found = content(
        "scale",
        about=ABOUT,
        load_before=load,
        clock="time of day of the driver",
        sides="alone",
        measures=measures,
        notes=[
            f"{given.workers} workers, median of a trial {given.minutes:g} minutes",
            f"at that cost trials shorter than {shortest_s:.0f} s on average would leave "
            f"{given.workers} workers waiting for one driver",
        ],
    )
    show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
