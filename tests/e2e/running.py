"""How the end-to-end tests call the program and look into its stores."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.command_line import typed

SMALL = [
    "train.steps=8",
    "train.batch_size=1",
    "data.crop=32",
    "data.size=[48,48]",
    "data.pairs.train=2",
    "data.pairs.val=1",
    "data.pairs.test=2",
    "model.width=2",
    "loss.levels=2",
    "~constraints.smallest_side",
    "dimensions.levels.high=2",
    "dimensions.levels.baseline=2",
    "phases.search.trials=4",
]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "ablate", *words]


def ablate(*words: str, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(*words), cwd=cwd, capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == code, done.stderr[-3000:]
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    return done


def inside(*words: str, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, which saves its imports; for what needs no kill of its own."""
    done = typed(*words, cwd=cwd)
    assert done.returncode == code, done.stderr[-3000:]
    return done


def start(*words: str, cwd: Path) -> subprocess.Popen[str]:
    """Start the program in a session of its own, so that signals reach it alone.

    A test run in the background of a shell ignores SIGINT, and its children would inherit that.
    """
    return subprocess.Popen(
        command(*words),
        cwd=cwd,
        text=True,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for_a_submitted_run(store: Path) -> None:
    ledger = store / "quickstart" / "ledger.jsonl"
    deadline = time.monotonic() + 120
    while not (ledger.exists() and b"submitted" in ledger.read_bytes()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_for_a_step(store: Path) -> None:
    """Wait until a run has written its first points."""
    deadline = time.monotonic() + 120
    while not any(path.stat().st_size for path in store.glob("quickstart/runs/*/journal.jsonl")):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def rows(database: Path | str, query: str, *values: str) -> list[Any]:
    """Return what an sqlite file, or a PostgreSQL server at an address, answers."""
    if isinstance(database, str):
        import psycopg

        text = query.replace("%", "%%").replace("?", "%s")
        with psycopg.connect(database.replace("+psycopg", "")) as server:
            return [tuple(row) for row in server.execute(text.encode(), values)]
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute(query, values).fetchall()


def stores(folder: Path) -> dict[str, Any]:
    """Return (status, key) of every run in MLflow, and the trial states in Optuna."""
    runs = rows(
        folder / "mlflow.db",
        "select r.status, t.value from runs r join tags t on t.run_uuid = r.run_uuid "
        "where t.key = 'ablate.key' and r.lifecycle_stage = 'active'",
    )
    states = [state for (state,) in rows(folder / "optuna.db", "select state from trials")]
    return {"mlflow": sorted(runs, key=lambda row: row[1]), "optuna": states}


def tag_counts(folder: Path, tag: str) -> dict[str, int]:
    query = (
        "select t.value, count(*) from tags t join runs r on r.run_uuid = t.run_uuid "
        "where t.key = ? and r.lifecycle_stage = 'active' group by 1"
    )
    return dict(rows(folder / "mlflow.db", query, tag))


def results(folder: Path) -> dict[str, dict[str, float]]:
    return {
        path.parent.name: json.loads(path.read_text())["metrics"]
        for path in sorted((folder / "quickstart" / "runs").glob("*/result.json"))
    }
