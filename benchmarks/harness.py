"""What the harness costs a trial: bookkeeping, commits, the training thread.

Run: python -m benchmarks.harness [--repeats N] [--out FOLDER]
"""

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import optuna
from mlflow.tracking import MlflowClient

from ablate.execution.protocol import EXECUTORS
from ablate.study.driver import Progress, run
from ablate.study.plan import make
from ablate.tracking.journal import JournalRecorder
from ablate.tracking.shipper import Shipper
from ablate.tracking.store import experiment, open_client
from benchmarks import simulated
from benchmarks.commits import Commits, counted
from benchmarks.results import content, measure, options, row, show, write

ABOUT = (
    "A trial writes 300 metric points, 12 parameters and its scores. Ours is the real driver on "
    "sqlite with trials that are simulated; the naive form logs every point as it comes (MLflow) "
    "and asks, reports five rungs and tells (Optuna), both on sqlite too; they take turns, trial "
    "by trial."
)
POINTS = range(1, 101)  # steps with three values each
TRIALS = 8
CALLS = 3000


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
            time.process_time() - apart.cpu_s,
            time.perf_counter() - apart.wall_s,
            commits.count,
        ]

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
    found: dict[str, list[float]] = {"ours": [], "naive": [], "nothing": []}
    for step in range(CALLS):
        started = time.perf_counter()
        recorder.metrics({f"train/value{at}": 1.0 for at in range(3)}, step=step)
        found["ours"].append(time.perf_counter() - started)
        started = time.perf_counter()
        sum(range(2000))  # takes about as long, and writes nothing
        found["nothing"].append(time.perf_counter() - started)
        if step % 30 == 0:
            started = time.perf_counter()
            naive.point(step)
            found["naive"].append(time.perf_counter() - started)
        else:
            time.sleep(0.001)  # a quick training step
    recorder.close()
    return found


def flushes(folder: Path) -> list[float]:
    """Return the commits of every flush of a journal that grew by 300 points."""
    store = folder / "store"
    client = open_client(store)
    place = experiment(client, "flushes", store=store)
    shipper = Shipper(lambda: (client, place), study="flushes", address="store")
    shipper.study_run(title="", tags={}, params={})
    (spec,) = make(simulated.study(folder, trials=1)).trials[0].runs
    shipper.begin(spec, siblings=1)
    recorder = JournalRecorder(folder / "journal.jsonl", ask=lambda reports: False)
    found = []
    for turn in range(5):
        for step in POINTS:
            values = {f"train/value{at}": 1.0 for at in range(3)}
            recorder.metrics(values, step=len(POINTS) * turn + step)
        recorder.flush()
        with counted() as commits:
            shipper.ship(spec, folder, siblings=1)
        found.append(float(commits.count))
    recorder.close()
    return found


def main() -> None:
    """Measure and write."""
    given, load = options(ABOUT), os.getloadavg()[0]
    mlflow.config.enable_async_logging(False)
    trials = given.repeats or TRIALS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("book", "blocked", "flushes"):
            (folder / part).mkdir()
        book = bookkeeping(folder / "book", trials=trials)
        calls = blocked(folder / "blocked")
        per_flush = flushes(folder / "flushes")
    found = content(
        "harness",
        about=ABOUT,
        load_before=load,
        rows=_rows(book, calls),
        measures=_measures(book, calls, per_flush=per_flush),
        clock="CPU time, or time of day where a row says so",
        sides="in turns",
        notes=[
            "the times of day suffer from whatever else the machine does, the CPU times and "
            "the counts hardly"
        ],
    )
    show(found, write(found, folder=given.out))


def _rows(
    book: Mapping[str, list[float]], calls: Mapping[str, list[float]]
) -> list[dict[str, Any]]:
    naive = "every point logged as it comes"
    return [
        row(
            "bookkeeping of a trial, CPU time",
            unit="trial",
            ours=book["cpu"],
            peer=book["naive cpu"],
            peer_name=naive,
            goal=12,
        ),
        row(
            "bookkeeping of a trial, time of day",
            unit="trial",
            ours=book["wall"],
            peer=book["naive wall"],
            peer_name=naive,
            goal=12,
        ),
        row(
            "the training thread logs a step, time of day",
            unit="step",
            ours=calls["ours"],
            peer=calls["naive"],
            peer_name=naive,
        ),
    ]


def _measures(
    book: Mapping[str, list[float]], calls: Mapping[str, list[float]], *, per_flush: list[float]
) -> list[dict[str, Any]]:
    share = [100 * second / 60 for second in book["wall"]]
    late = float(np.quantile(calls["ours"], 0.99)) * 1e3
    return [
        measure(
            "bookkeeping of a trial, time of day",
            unit="ms",
            values=[1e3 * second for second in book["wall"]],
            at_most=100,
        ),
        measure("the same as a share of a trial of 60 s", unit="%", values=share, at_most=0.3),
        measure("the same in CPU time", unit="ms", values=[1e3 * second for second in book["cpu"]]),
        measure("commits that write, per trial", unit="", values=book["commits"], at_most=12),
        measure("commits that write, per trial, naive form", unit="", values=book["naive commits"]),
        measure(
            "commits that write, per flush of 300 points", unit="", values=per_flush, at_most=1
        ),
        measure(
            f"training thread blocked, 99th percentile of {CALLS} steps",
            unit="ms",
            values=[late],
            at_most=5,
        ),
        measure(
            f"training thread blocked, longest of {CALLS} steps",
            unit="ms",
            values=[1e3 * max(calls["ours"])],
            at_most=5,
        ),
        measure(
            f"longest pause of the same thread in {CALLS} sums of 2000 numbers",
            unit="ms",
            values=[1e3 * max(calls["nothing"])],
        ),
    ]


if __name__ == "__main__":
    main()
