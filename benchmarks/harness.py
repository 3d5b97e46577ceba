"""What the harness costs a trial: bookkeeping, commits, the training thread, the next start.

Run: python -m benchmarks.harness [--repeats N] [--out FOLDER]
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import optuna
import yaml
from mlflow.tracking import MlflowClient

from ablate import config
from ablate.execution.protocol import EXECUTORS, Decide
from ablate.study.driver import Progress, run
from ablate.study.names import known
from ablate.tracking.journal import JournalRecorder
from ablate.training.spec import RunResult, RunSpec
from benchmarks import simulated
from benchmarks.commits import Commits, counted
from benchmarks.results import content, measure, options, row, show, write

ABOUT = (
    "A trial writes 300 metric points, 12 parameters and its scores. Ours is the real driver on "
    "sqlite with trials that are simulated; the naive form logs every point as it comes (MLflow) "
    "and asks, reports five rungs and tells (Optuna), both on sqlite too; they take turns, trial "
    "by trial. Workers: real trainings of the probe in processes, and sleeping ones that use no "
    "processor, for the limit of the driver itself."
)
POINTS = range(1, 101)  # steps with three values each
TRIALS = 12
CALLS = 3000
SLEEP_S, SLEEPS = 1.0, 5  # length of a sleeping trial, trials per worker


class Naive:
    """Logging as tutorials show it: one call, one request."""

    def __init__(self, folder: Path) -> None:
        self._client = MlflowClient(tracking_uri=f"sqlite:///{folder / 'naive.db'}")
        artifacts = (folder / "artifacts").as_uri()
        self._experiment = self._client.create_experiment("naive", artifact_location=artifacts)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(storage=f"sqlite:///{folder / 'optuna.db'}")

    def trial(self) -> None:
        """Book one trial that takes no time."""
        trial = self._study.ask()
        rate = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
        levels = trial.suggest_int("levels", 1, 5)
        run_id = self._client.create_run(self._experiment).info.run_id
        for at in range(12):
            self._client.log_param(run_id, f"value{at}", rate * levels)
        for step in POINTS:
            for at in range(3):
                self._client.log_metric(run_id, f"train/value{at}", 1 / step, step=step)
            if step % 20 == 0:
                trial.report(1 / step, step)
        for metric in simulated.METRICS:
            self._client.log_metric(run_id, f"val/{metric}", 0.5)
        self._client.log_dict(run_id, {"state": "finished"}, "result.json")
        self._client.set_terminated(run_id)
        self._study.tell(trial, rate)

    def point(self, step: int) -> None:
        """Log three values of a step."""
        if step == 0:
            self._run = self._client.create_run(self._experiment).info.run_id
        for at in range(3):
            self._client.log_metric(self._run, f"train/value{at}", 1.0, step=step)


@EXECUTORS.register("long_journals")
class LongJournals(simulated.Simulated):
    """Simulated workers that write all the points; one run per poll."""

    steps, ended_per_poll = POINTS, 1


@EXECUTORS.register("sleeping")
class Sleeping:
    """Workers whose trials take a while and no processor."""

    def __init__(self, *, decide: Decide, slots: int = 1) -> None:
        del decide
        self.slots = slots
        self._open: list[tuple[float, RunSpec, Path]] = []

    def submit(self, spec: RunSpec, folder: Path) -> None:
        """Start to sleep."""
        self._open.append((time.monotonic() + SLEEP_S, spec, folder))

    def poll(self, timeout_s: float) -> list[RunResult]:
        """Return whoever has slept enough."""
        until = min(time.monotonic() + timeout_s, *(end for end, *_ in self._open))
        time.sleep(max(0.0, until - time.monotonic()))
        now = time.monotonic()
        done = [one for one in self._open if one[0] <= now]
        self._open = [one for one in self._open if one[0] > now]
        return [simulated.written(spec, folder) for _, spec, folder in done]

    def close(self) -> None:
        """Wake everybody."""
        self._open.clear()


def bookkeeping(folder: Path, *, trials: int) -> dict[str, list[float]]:
    """Return seconds and commits per trial of both sides, in turns inside one driver."""
    naive = Naive(folder)
    found: dict[str, list[float]] = {
        name: [] for name in ("cpu", "wall", "commits", "naive cpu", "naive wall", "naive commits")
    }
    last: list[float] = []

    def now(commits: Commits) -> list[float]:
        apart = simulated.Simulated
        return [
            time.process_time() - apart.cpu_s, time.perf_counter() - apart.wall_s, commits.count,
        ]  # fmt: skip

    def turn(progress: Progress) -> None:
        ended = now(commits)
        if last:
            for name, one, other in zip(("cpu", "wall", "commits"), ended, last, strict=True):
                found[name].append(one - other)
        naive.trial()
        last[:] = now(commits)
        if progress.ended > 1:
            for name, one, other in zip(("cpu", "wall", "commits"), last, ended, strict=True):
                found[f"naive {name}"].append(one - other)

    study = simulated.study(folder, trials=trials + 2, name="long_journals")
    with counted() as commits:
        run(study, store=folder / "store", listen=turn)
    return found


def blocked(folder: Path) -> dict[str, list[float]]:
    """Return seconds of every call that a training thread makes to log, both ways."""
    recorder = JournalRecorder(folder / "journal.jsonl", ask=lambda reports: False)
    naive = Naive(folder)
    found: dict[str, list[float]] = {"ours": [], "naive": []}
    for step in range(CALLS):
        started = time.perf_counter()
        recorder.metrics({f"train/value{at}": 1.0 for at in range(3)}, step=step)
        found["ours"].append(time.perf_counter() - started)
        if step % 30 == 0:
            started = time.perf_counter()
            naive.point(step)
            found["naive"].append(time.perf_counter() - started)
        else:
            time.sleep(0.001)  # a quick training step
    recorder.close()
    return found


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
                    "model": {"name": "probe"}, "train": {"steps": 60, "gallery": 0},
                },
            }
        )
    )  # fmt: skip
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
    words = "import torch, optuna, mlflow, kornia, ablate.training.run"
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", words], check=True)
    return time.perf_counter() - started


def sleeping(folder: Path, *, workers: int) -> float:
    """Return the share of their time in which sleeping workers are asleep, not waiting."""
    study = simulated.study(folder, trials=workers * SLEEPS, slots=workers, name="sleeping")
    ends: list[float] = []
    began: list[float] = [0.0]
    original = Sleeping.submit

    def submit(self: Sleeping, spec: RunSpec, place: Path) -> None:
        began[0] = began[0] or time.monotonic()
        original(self, spec, place)

    Sleeping.submit = submit  # type: ignore[method-assign]
    try:
        run(
            study,
            store=folder / f"sleeping{workers}",
            listen=lambda _: ends.append(time.monotonic()),
        )
    finally:
        Sleeping.submit = original  # type: ignore[method-assign]
    return len(ends) * SLEEP_S / (workers * (ends[-1] - began[0]))


def main() -> None:
    """Measure and write."""
    given, load = options(ABOUT), os.getloadavg()[0]
    mlflow.config.enable_async_logging(False)
    trials = given.repeats or TRIALS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("book", "blocked", "workers", "sleeping"):
            (folder / part).mkdir()
        book = bookkeeping(folder / "book", trials=trials)
        calls = blocked(folder / "blocked")
        processes = [spawned() for _ in range(4)][1:]
        between, one = gaps(folder / "workers", workers=1, trials=24)
        _, two = gaps(folder / "workers", workers=2, trials=40)
        asleep = {n: sleeping(folder / "sleeping", workers=n) for n in (1, 2, 4, 8)}
    found = content(
        "harness", about=ABOUT, load_before=load, rows=_rows(book, calls, between, processes),
        measures=_measures(book, calls, between, one=one, two=two, asleep=asleep),
        clock="CPU time, or time of day where a row says so", sides="in turns",
        notes=["goals of harness and workers are those of issue 6; the wall times suffer from "
               "whatever else the machine does, the CPU times and the counts hardly"],
    )  # fmt: skip
    show(found, write(found, folder=given.out))


def _rows(
    book: Mapping[str, list[float]], calls: Mapping[str, list[float]], between: list[float],
    processes: list[float],
) -> list[dict[str, Any]]:  # fmt: skip
    naive = "every point logged as it comes"
    return [
        row("bookkeeping of a trial, CPU time", unit="trial", ours=book["cpu"],
            peer=book["naive cpu"], peer_name=naive, goal=12),
        row("bookkeeping of a trial, time of day", unit="trial", ours=book["wall"],
            peer=book["naive wall"], peer_name=naive, goal=12),
        row("the training thread logs a step, time of day", unit="step", ours=calls["ours"],
            peer=calls["naive"], peer_name=naive),
        row("from the end of a run to the start of the next, time of day", unit="run",
            ours=[max(gap, 1e-4) for gap in between], peer=processes,
            peer_name="a spawned process imports what it needs", goal=20),
    ]  # fmt: skip


def _measures(
    book: Mapping[str, list[float]], calls: Mapping[str, list[float]], between: list[float], *,
    one: float, two: float, asleep: Mapping[int, float],
) -> list[dict[str, Any]]:  # fmt: skip
    share = [100 * second / 60 for second in book["wall"]]
    late = float(np.quantile(calls["ours"], 0.999)) * 1e3
    return [
        measure("bookkeeping of a trial, time of day", unit="ms",
                values=[1e3 * second for second in book["wall"]], at_most=100),
        measure("bookkeeping, share of a trial of 60 s", unit="%", values=share, at_most=0.3),
        measure("commits that write, per trial", unit="", values=book["commits"], at_most=12),
        measure("commits that write, per trial, naive form", unit="",
                values=book["naive commits"]),
        measure(f"training thread blocked, 99.9th percentile of {CALLS} steps", unit="ms",
                values=[late], at_most=5),
        measure(f"training thread blocked, longest of {CALLS} steps", unit="ms",
                values=[1e3 * max(calls["ours"])]),
        measure("from the end of a run to the start of the next", unit="s", values=between,
                at_most=0.1),
        measure("runs per second of 2 workers over 2 x those of 1 (probe, 60 steps)", unit="",
                values=[two / (2 * one)], at_least=0.9),
        *(measure(f"share of time at work, {n} workers, trials of {SLEEP_S:g} s", unit="",
                  values=[found], at_least=0.9) for n, found in asleep.items()),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
