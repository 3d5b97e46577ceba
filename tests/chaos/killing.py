"""Runs a study while drivers and workers are killed at random moments, and compares the ends."""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.running import ablate, rows, start

STUDY = "quickstart"
WORDS = [
    "train.steps=150", "train.batch_size=1", "data.crop=32", "data.size=[48,48]",
    "data.pairs.train=4", "data.pairs.val=2", "data.pairs.test=2", "model.width=4",
    "loss.levels=2", "~constraints.smallest_side", "dimensions.levels.high=2",
    "dimensions.levels.baseline=2", "phases.search.trials=8", "phases.compare.seeds=3",
]  # fmt: skip
LONGEST_S = 12.0  # between a start and a kill


@dataclass(frozen=True)
class Outcome:
    """What must not depend on kills."""

    results: dict[str, dict[str, float]]
    states: dict[str, int]  # of MLflow runs
    optuna: dict[str, int]
    points: dict[str, int]  # MLflow key -> number of metric points
    wrongs: tuple[str, ...]


def run_with_kills(folder: Path, *, kills: int, seed: int) -> tuple[Outcome, Counter[str]]:
    """Kill `kills` times, then let the study end; return its outcome and what was killed."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(seed)
    counts: Counter[str] = Counter()
    while sum(counts.values()) < kills:
        driver = start("run", STUDY, *WORDS, "--store", "s", "--workers", "2", cwd=folder)
        time.sleep(draw.uniform(0, LONGEST_S))
        victim, kind = driver.pid, "driver"
        workers = _workers(driver.pid)
        if workers and draw.random() < 0.3:
            victim, kind = draw.choice(workers), "worker"
        if driver.poll() is not None:
            counts["nothing (the study had ended)"] += 1
            _forget(folder, draw)
            continue
        _kill(victim)
        counts[kind] += 1
        if kind == "worker":  # the run goes on in another one
            time.sleep(draw.uniform(0, 2))
            _kill(driver.pid)
        driver.communicate()
    return outcome_of(folder, kills=kills, seed=seed), counts


def outcome_of(folder: Path, *, kills: int, seed: int) -> Outcome:
    """Return how the study ends when it is let alone; failures by killed workers run again."""
    del kills, seed
    folder.mkdir(parents=True, exist_ok=True)
    ablate("run", STUDY, *WORDS, "--store", "s", "--workers", "2", "--retry", cwd=folder)
    store = folder / "s"
    said = ablate("doctor", STUDY, "--store", "s", "--json", cwd=folder).stdout
    keys = rows(
        store / "mlflow.db",
        "select t.value from tags t join runs r on r.run_uuid = t.run_uuid "
        "where t.key = 'ablate.key' and r.lifecycle_stage = 'active'",
    )
    double = [key for key, count in Counter(keys).items() if count > 1]
    points = rows(
        store / "mlflow.db",
        "select t.value, count(*) from metrics m join tags t on t.run_uuid = m.run_uuid "
        "join runs r on r.run_uuid = m.run_uuid where t.key = 'ablate.key' "
        "and r.lifecycle_stage = 'active' and m.key like 'train/%' group by 1",
    )
    return Outcome(
        results=_results(store),
        states=dict(rows(store / "mlflow.db", "select status, count(*) from runs "
                         "where lifecycle_stage = 'active' group by 1")),
        optuna=dict(rows(store / "optuna.db", "select state, count(*) from trials group by 1")),
        points=dict(points),
        wrongs=(*(f"double: {key}" for key in double),
                *(one["what"] for one in json.loads(said)["left"])),
    )  # fmt: skip


def show(whole: Outcome, killed: Outcome, counts: Counter[str]) -> None:
    """Print what was killed and what came out, beside the study that was let alone."""
    print(f"kills: {dict(counts)}")
    for name in ("states", "optuna"):
        print(f"{name:8s} let alone {getattr(whole, name)}, killed {getattr(killed, name)}")
    print(f"runs     let alone {len(whole.results)}, killed {len(killed.results)}; "
          f"equal results: {whole.results == killed.results}")  # fmt: skip
    print(f"points   let alone {sum(whole.points.values())}, killed {sum(killed.points.values())}")
    print(f"wrongs   {list(killed.wrongs) or 'none'}")


def _results(store: Path) -> dict[str, dict[str, float]]:
    return {
        path.parent.name: json.loads(path.read_text())["metrics"]
        for path in sorted((store / STUDY / "runs").glob("*/result.json"))
    }


def _workers(driver: int) -> list[int]:
    """Return the worker processes below a driver's fork server."""
    found = subprocess.run(
        ["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True
    ).stdout.split("\n")[1:]
    parents = {int(pid): int(parent) for pid, parent in (line.split() for line in found if line)}
    servers = {pid for pid, parent in parents.items() if parent == driver}
    return sorted(pid for pid, parent in parents.items() if parent in servers)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _forget(folder: Path, draw: random.Random) -> None:
    """Set one result aside, so that there is something left to kill."""
    found: list[Any] = sorted((folder / "s" / STUDY / "runs").glob("*/result.json"))
    if found:
        draw.choice(found).unlink()
