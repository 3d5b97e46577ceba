"""Cost per trial as a study grows, 256 simulated workers on one driver, and what readers take.

Run: python -m benchmarks.growth [--trials 1000 10000] [--out FOLDER]
"""

import argparse
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import requests
from mlflow.tracking import MlflowClient

from ablate.config.schema import StudyConfig
from ablate.report import tables
from ablate.report.source import read
from ablate.study.doctor import examine
from ablate.study.driver import run
from ablate.study.ledger import Ledger
from ablate.study.open_study import OpenStudy
from ablate.study.status import status
from benchmarks.commits import counted
from benchmarks.results import FOLDER, content, measure, row, show, write
from benchmarks.simulated import Clock, Simulated, study
from benchmarks.timing import alternate

ABOUT = (
    "Designed studies of simulated trials on 256 workers, the smallest of 200 trials: the real "
    "driver, ledger, Optuna and MLflow on sqlite, no training. Cost per trial is the CPU time of "
    "the driver between two ends of runs, averaged over some 100 around the 100th and over the "
    "last 50; ledger, status, doctor and report read the whole store, so that theirs is that of "
    "all over the number of runs, and theirs at 200 is what the smallest study takes. The first "
    "page of the UI is the request by which MLflow's table of runs shows its first 100."
)
SLOTS, AROUND, FEW, PAGES = 256, 50, 100, 5
GOAL, MEANT = 1.5, 10_000
NOT_MEANT = f"the goals are meant for {MEANT} trials, which this run did not go up to"


@dataclass(frozen=True, slots=True)
class Grown:
    """What a study of one size took, in seconds."""

    runs: int
    clock: Clock
    readers: dict[str, float]  # CPU time
    back: dict[str, list[float]]  # CPU time of report and of mlflow.search_runs
    page: list[float]  # elapsed
    commits: float  # per trial
    memory_mib: float  # of this process at its most, when the driver was done


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
        "status": lambda: status(OpenStudy(config, store=store)),
        "doctor": lambda: examine(OpenStudy(config, store=store)),
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


@contextmanager
def served(store: Path) -> Iterator[str]:
    """Yield the address of MLflow's own server over a store."""
    port = free_port()
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "mlflow",
            "ui",
            "--port",
            str(port),
            "--workers",
            "1",
            "--backend-store-uri",
            f"sqlite:///{store / 'mlflow.db'}",
        ],
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while not answers(address):
            if server.poll() is not None:
                raise SystemExit("the server of MLflow ended")
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(address: str) -> bool:
    """Return whether a server of MLflow is up."""
    try:
        return requests.get(f"{address}/health", timeout=2).ok
    except requests.RequestException:
        return False


def first_page(store: Path, name: str) -> list[float]:
    """Return the elapsed seconds in which MLflow's server sends the first 100 runs of a study."""
    client = MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    wanted: dict[str, Any] = {
        "experiment_ids": [client.get_experiment_by_name(name).experiment_id],
        "max_results": 100,
        "run_view_type": "ACTIVE_ONLY",
        "order_by": ["attributes.start_time DESC"],
    }
    found = []
    with served(store) as address:
        for _ in range(1 + PAGES):
            started = time.perf_counter()
            answer = requests.post(
                f"{address}/ajax-api/2.0/mlflow/runs/search", json=wanted, timeout=60
            )
            found.append(time.perf_counter() - started)
            if len(answer.json()["runs"]) != 100:
                raise SystemExit(f"the server of MLflow sends no page: {answer.text[:200]}")
    return found[1:]  # the first also imports


def grown(folder: Path, *, trials: int) -> Grown:
    """Return what a study of some trials takes, made in this process."""
    folder.mkdir()
    config = study(folder, trials=trials, slots=SLOTS)
    store, clock = folder / "store", Clock()
    with counted() as commits:
        run(config, store=store, listen=clock.tick)
    count, memory_mib = len(clock.cpu_s), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Grown(
        runs=count,
        clock=clock,
        readers=reading(config, store),
        back=read_back(config, store),
        page=first_page(store, config.name),
        commits=commits.count / count,
        memory_mib=memory_mib,
    )


def measures(few: Grown, many: Grown) -> list[dict[str, Any]]:
    """Return what is said of a study beside the smallest one."""
    trials = f"{many.runs} trials"
    early, _ = cost(few.clock, at=FEW)
    late, wall = cost(many.clock, at=many.runs - 1)
    readers = {
        name: (many.readers[name] / many.runs) / (few.readers[name] / few.runs)
        for name in few.readers
    }
    report = [
        (ours / many.runs) / (theirs / few.runs)
        for ours, theirs in zip(many.back["ours"], few.back["ours"], strict=True)
    ]
    return [
        measure(
            f"driver, cost per trial at {trials} over that at {FEW}",
            unit="",
            values=[late / early],
            at_most=GOAL,
        ),
        *(
            measure(
                f"{what}, cost per trial at {trials} over that at {few.runs}",
                unit="",
                values=[ratio],
                at_most=GOAL,
            )
            for what, ratio in readers.items()
        ),
        measure(
            f"report (read, tables), cost per trial at {trials} over that at {few.runs}",
            unit="",
            values=report,
            at_most=GOAL,
        ),
        measure(f"driver, cost per trial at {FEW}", unit="ms", values=[1e3 * early]),
        measure(f"driver, cost per trial at {trials}", unit="ms", values=[1e3 * late]),
        measure(f"driver, time of day per trial at {trials}", unit="ms", values=[1e3 * wall]),
        measure(f"status, {trials}", unit="s", values=[many.readers["status"]]),
        measure(
            f"report (read, tables), {trials}",
            unit="s",
            values=many.back["ours"],
            at_most=1 if many.runs <= 1000 else None,
        ),
        measure(
            f"MLflow's first page, time of day, {trials}",
            unit="s",
            values=many.page,
            at_most=2 if many.runs >= 1000 else None,
        ),
        measure(f"commits that write, per trial, {trials}", unit="", values=[many.commits]),
        measure(
            f"memory of the driver, at its most, {trials}",
            unit="MiB",
            values=[many.memory_mib],
            at_most=2048,
        ),
        measure(
            f"of that per trial beyond the first {few.runs}, {trials}",
            unit="KiB",
            values=[1024 * (many.memory_mib - few.memory_mib) / many.runs],
        ),
    ]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument(
        "--trials", type=int, nargs="+", default=[1000], help="10000 takes half an hour"
    )
    parser.add_argument("--out", type=Path, default=FOLDER)
    given = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        few, *sizes = [
            grown(Path(name) / str(trials), trials=trials) for trials in (2 * FEW, *given.trials)
        ]
    found = content(
        "growth",
        about=ABOUT,
        load_before=load,
        sides="in one run",
        clock="CPU time, or time of day where a row says so",
        rows=[
            row(
                f"reading a study of {many.runs} runs with its tables",
                unit="study",
                ours=many.back["ours"],
                peer=many.back["naive"],
                peer_name="mlflow.search_runs",
                goal=5,
            )
            for many in sizes
        ],
        measures=[one for many in sizes for one in measures(few, many)],
        notes=[
            f"simulated workers took {Simulated.cpu_s:.0f} s of CPU time that is not counted; "
            f"up to {SLOTS} of them at once",
            *([] if max(given.trials) >= MEANT else [NOT_MEANT]),
        ],
    )
    show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
