"""The same study with 1, 2 and 4 workers, placed four ways: `python -m tests.scale_table`.

Local processes, Ray, a real Slurm, and local processes with both stores on PostgreSQL. In every
cell a worker is killed or warned, or PostgreSQL stopped, while a run is at work. Prints a Markdown
table: the hash of the trial table, seconds and what was survived; exits with 1 where a hash differs.
What is not installed is left out, with the reason.
"""

import argparse
import atexit
import hashlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.chaos.driving import start
from tests.chaos.outcome import STUDY, outcome_of
from tests.execution import queue as slurm
from tests.faults import postgres as databases
from tests.faults.serving import TrackingServer

WORDS = ("train.steps=150", "train.gallery=0", "phases.hunt.trials=4")
WORKERS = (1, 2, 4)


@dataclass(frozen=True)
class Place:
    """Where one study runs.

    Args:
        words: Overrides.
        database: Of MLflow, None for the store's own; likewise `optuna` and the server's `uri`.
        disturb: Does something to it while a run is at work, and says what.
    """

    words: tuple[str, ...]
    disturb: Callable[[Path], str]
    database: str | None = None
    optuna: str | None = None
    uri: str | None = None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.scale_table",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=list(PLACES), default=list(PLACES))
    parser.add_argument("--workers", type=int, nargs="+", default=list(WORKERS))
    given = parser.parse_args(arguments)
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])  # of jobs and Ray's workers
    print("| where | workers | runs | trial table | all tables | seconds | survived |")
    print("|---|---|---|---|---|---|---|", flush=True)
    seen: set[str] = set()
    for name in given.only:
        why, make = PLACES[name]
        if reason := why():
            print(f"| {name} | | | | | | left out: {reason} |", flush=True)
            continue
        for workers in given.workers:
            with (
                tempfile.TemporaryDirectory(prefix="scale-") as folder,
                make(Path(folder)) as place,
            ):
                line, found = cell(Path(folder), place, workers=workers)
            print(f"| {name} | {workers} | {line} |", flush=True)
            seen.add(found)
    print(f"\ndifferent outcomes: {len(seen)}")
    return 0 if len(seen) == 1 else 1


def cell(folder: Path, place: Place, *, workers: int) -> tuple[str, str]:
    """Return a row of the table, and the hash of all that a study leaves behind."""
    words = [*WORDS, *place.words]
    began, log = time.monotonic(), folder / "said"
    typed = [str(STUDY), *words, f"executor.slots={workers}", "--store", "s"]
    driver = start("run", *typed, cwd=folder, log=log)
    survived = "nothing was at work"
    while driver.is_alive():
        if survived == "nothing was at work" and holders(folder):
            survived = place.disturb(folder)
        driver.join(0.2)
    assert driver.exitcode == 0, log.read_text()[-3000:]
    seconds = time.monotonic() - began
    outcome = outcome_of(
        folder,
        words=words,
        database=place.database or folder / "s" / "mlflow.db",
        uri=place.uri,
        optuna=place.optuna,
    )
    assert not outcome.wrongs, outcome.wrongs
    table = _hash(outcome.texts["trial table"])
    whole = _hash("\n".join(outcome.texts[name] for name in sorted(outcome.texts)))
    runs = f"{outcome.counts['finished']} of {outcome.counts['planned']}"
    return f"{runs} | {table} | {whole} | {seconds:.0f} | {survived}", whole


def holders(folder: Path) -> list[int]:
    """Return the processes that hold a run of the study: its workers, whoever started them."""
    inodes = {str(path.stat().st_ino) for path in folder.glob("s/*/runs/*/worker.lock")}
    found = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    begun = any(folder.glob("s/*/runs/*/journal.jsonl"))
    return [int(row[4]) for row in found if begun and row[5].split(":")[-1] in inodes]


def kill_a_worker(folder: Path) -> str:
    for pid in holders(folder)[:1]:
        os.kill(pid, signal.SIGKILL)
        return "a worker killed"
    return "nothing was at work"


def always() -> str:
    return ""


@contextmanager
def on_processes(folder: Path) -> Iterator[Place]:
    yield Place(words=("executor=processes",), disturb=kill_a_worker)


@contextmanager
def on_ray(folder: Path) -> Iterator[Place]:
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 4})
    try:
        words = ("executor=ray", f"executor.address={made.address}")
        yield Place(words=words, disturb=kill_a_worker)
    finally:
        made.shutdown()


@cache
def one_queue() -> slurm.Queue:
    """Return the queue of all cells: drivers inherit the address of the first one."""
    made = slurm.Queue()
    atexit.register(made.close)
    os.environ["SLURM_CONF"] = str(made.conf)
    return made


@contextmanager
def on_slurm(folder: Path) -> Iterator[Place]:
    made = one_queue()

    def disturb(folder: Path) -> str:
        jobs = made.jobs()
        if not jobs:
            return "nothing was at work"
        made.say("scontrol", "requeue", jobs[0])
        if len(jobs) == 1:
            return "a job requeued"
        made.say("scancel", "--signal=USR2", jobs[-1])
        return "a job requeued, one warned"

    words = ("executor=slurm", "executor.host=127.0.0.1", f"executor.logs={folder / 'logs'}")
    yield Place(words=words, disturb=disturb)


@contextmanager
def on_postgres(folder: Path) -> Iterator[Place]:
    made = databases.Postgres("optuna", "mlflow")
    server = TrackingServer(folder / "server", made.url("mlflow"))

    def disturb(folder: Path) -> str:
        made.restart()
        return f"PostgreSQL broken off and started, {kill_a_worker(folder)}"

    try:
        server.start()
        yield Place(
            words=(
                "executor=processes",
                f"store.mlflow={server.uri}",
                f"store.optuna={made.url('optuna')}",
            ),
            disturb=disturb,
            database=made.url("mlflow"),
            optuna=made.url("optuna"),
            uri=server.uri,
        )
    finally:
        server.kill()
        made.close()


def _lacks(module: str, extra: str) -> str:
    return "" if find_spec(module) else f"the extra `{extra}` is not installed"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


PLACES: dict[str, tuple[Callable[[], str], Callable[[Path], Any]]] = {
    "local": (always, on_processes),
    "Ray": (lambda: _lacks("ray", "ray"), on_ray),
    "Slurm": (lambda: _lacks("submitit", "slurm") or slurm.reason_against(), on_slurm),
    "PostgreSQL": (databases.reason_against, on_postgres),
}


if __name__ == "__main__":
    sys.exit(main())
