"""Cost per trial as a study grows, 256 simulated workers on one driver, and what readers take.

Run: python -m benchmarks.growth [--trials 10000] [--repeats N] [--out FOLDER]
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
from mlflow.tracking import MlflowClient

from ablate.config.schema import StudyConfig
from ablate.report import tables
from ablate.report.source import read
from ablate.study.doctor import examine
from ablate.study.driver import run
from ablate.study.ledger import Ledger
from ablate.study.status import status
from benchmarks.commits import counted
from benchmarks.results import FOLDER, content, measure, row, show, write
from benchmarks.simulated import Clock, Simulated, study
from benchmarks.timing import alternate

ABOUT = (
    "A designed study of simulated trials on 256 workers: the real driver, ledger, Optuna and "
    "MLflow on sqlite, no training. Cost per trial is the CPU time of the driver between two ends "
    "of runs, as the median of 50 runs around the 100th and of the last ones; status and doctor "
    "read the whole store, so that theirs is per trial too."
)
SLOTS, AROUND, FEW = 256, 50, 100
GOAL = 1.5


def cost(clock: Clock, *, at: int) -> tuple[float, float]:
    """Return CPU and elapsed seconds per trial around the end of a run."""
    first, last = max(1, at - AROUND), min(len(clock.cpu_s) - 1, at + AROUND)
    found = []
    for seconds in (clock.cpu_s, clock.wall_s):
        some = [seconds[n] - seconds[n - 1] for n in range(first, last + 1)]
        found.append(sum(some) / len(some))
    return found[0], found[1]


def reading(config: StudyConfig, store: Path) -> dict[str, float]:
    """Return CPU seconds of opening the ledger, of status and of doctor."""
    calls: dict[str, Callable[[], Any]] = {
        "ledger": lambda: Ledger(store / config.name),
        "status": lambda: status(config, store=store),
        "doctor": lambda: examine(config, store=store),
    }
    found = {}
    for name, call in calls.items():
        call()  # imports
        started = time.process_time()
        call()
        found[name] = time.process_time() - started
    return found


def read_back(config: StudyConfig, store: Path, *, repeats: int = 3) -> dict[str, list[float]]:
    """Return seconds of reading a study with its tables, and of asking MLflow for its runs."""
    uri = f"sqlite:///{store / 'mlflow.db'}"
    experiment = MlflowClient(uri).get_experiment_by_name(config.name).experiment_id

    def ours() -> None:
        contents = read(store=store, study=config.name, is_explored=False)
        tables.write(contents, store / "tables")

    def naive() -> None:
        mlflow.set_tracking_uri(uri)
        mlflow.search_runs([experiment], max_results=100_000)

    return alternate({"ours": ours, "naive": naive}, repeats=repeats)


def grown(
    folder: Path, *, trials: int
) -> tuple[Clock, dict[str, float], int, float, dict[str, list[float]]]:
    """Return times of a study, of its readers, its runs, commits per trial, and of reading it."""
    folder.mkdir()
    config = study(folder, trials=trials, slots=SLOTS)
    clock = Clock()
    with counted() as commits:
        run(config, store=folder / "store", listen=clock.tick)
    count = len(clock.cpu_s)
    reads = reading(config, folder / "store")
    return clock, reads, count, commits.count / count, read_back(config, folder / "store")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument("--trials", type=int, default=1000, help="10000 takes some 15 minutes")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--out", type=Path, default=FOLDER)
    given = parser.parse_args()
    load = os.getloadavg()[0]
    early, late, walls, ratios = [], [], [], []
    reads: dict[str, list[float]] = {"ledger": [], "status": [], "doctor": []}
    with tempfile.TemporaryDirectory() as name:
        for at in range(given.repeats):
            _, few, count, _, _ = grown(Path(name) / f"few{at}", trials=2 * FEW)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            clock, many, most, commits, back = grown(Path(name) / f"many{at}", trials=given.trials)
            early.append(cost(clock, at=FEW)[0])
            late.append(cost(clock, at=most - 1 - AROUND)[0])
            walls.append(cost(clock, at=most - 1 - AROUND)[1])
            ratios.append(late[-1] / early[-1])
            for what, ratio in reads.items():
                ratio.append((many[what] / most) / (few[what] / count))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    trials = f"{given.trials} trials"
    found = content(
        "growth", about=ABOUT, load_before=load, clock="CPU time of the driver", sides="in one run",
        rows=[
            row(f"reading a study of {most} runs with its tables", unit="study", ours=back["ours"],
                peer=back["naive"], peer_name="mlflow.search_runs", goal=5),
        ],
        measures=[
            measure(f"driver, cost per trial at {trials} over that at {FEW}", unit="",
                    values=ratios, at_most=GOAL),
            *(measure(f"{what}, cost per trial at {trials} over that at {2 * FEW}", unit="",
                      values=values, at_most=GOAL) for what, values in reads.items()),
            measure(f"driver, cost per trial at {FEW}", unit="ms", values=_ms(early)),
            measure(f"driver, cost per trial at {trials}", unit="ms", values=_ms(late)),
            measure(f"driver, time of day per trial at {trials}", unit="ms", values=_ms(walls)),
            measure("commits that write, per trial", unit="", values=[commits]),
            measure(f"memory of the driver after {trials}, at its most", unit="MiB",
                    values=[memory], at_most=2048),
            measure("of that per trial beyond the first 200", unit="KiB",
                    values=[1024 * (memory - before) / most]),
            measure(f"reading {most} runs with their tables", unit="s", values=back["ours"],
                    at_most=1 if most <= 1000 else None),
            measure("workers on one driver", unit="", values=[SLOTS]),
        ],
        notes=[f"simulated workers took {Simulated.cpu_s:.0f} s of CPU time that is not counted",
               f"the median of {given.repeats} studies; trials of 10,000 by --trials 10000"],
    )  # fmt: skip
    show(found, write(found, folder=given.out))


def _ms(seconds: list[float]) -> list[float]:
    return [1e3 * second for second in seconds]


if __name__ == "__main__":
    main()
