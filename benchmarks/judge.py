"""Seconds in which `ablate judge` reads the runs of an MLflow database, and judges them.

Run: python -m benchmarks.judge [--runs 10000] [--out FOLDER]

One run is logged by MLflow itself; the others are copies of its rows with ids, parameters and
scores of their own, since MLflow writes ten runs a second. They are read by MLflow's client.
"""

import argparse
import contextlib
import os
import random
import sqlite3
import tempfile
import time
from pathlib import Path

from benchmarks.results import FOLDER, content, measure, show, write

ABOUT = (
    "Runs of eight values over 25 seeds in an MLflow database on SQLite, each with four "
    "parameters, four metrics and ten tags, read in pages of 2,000 and judged: val chooses among "
    "the runs of a value and seed."
)
VALUES, BLOCKS, METRICS, SECONDS = 8, 25, ("test/qabf", "test/vif", "val/qabf", "train/loss"), 60.0
PARAMETERS = {"loss": "l0", "seed": "0", "lr": "0.1", "batch": "4"}
TABLES = ("runs", "tags", "params", "metrics", "latest_metrics")


def make(folder: Path, runs: int) -> str:
    """Return the address of a database with so many runs."""
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{folder / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment("fusion", artifact_location=str(folder / "artifacts"))
    first = client.create_run(experiment).info.run_id
    client.log_batch(
        first,
        [Metric(name, 0.5, 0, 0) for name in METRICS],
        [Param(name, text) for name, text in PARAMETERS.items()],
        [RunTag(f"tag{number}", "text") for number in range(10)],
    )
    client.set_terminated(first)
    drawn = random.Random(0)
    with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as database:
        for table in TABLES:
            rows = database.execute(f"SELECT * FROM {table}")  # noqa: S608 -- a name from above
            heads = [one[0] for one in rows.description]
            templates = [dict(zip(heads, row, strict=True)) for row in rows]
            marks = ", ".join("?" * len(heads))
            database.executemany(
                f"INSERT INTO {table} VALUES ({marks})",  # noqa: S608
                (
                    [_copied(name, one[name], one, number, drawn) for name in heads]
                    for number in range(1, runs)
                    for one in templates
                ),
            )
        database.commit()
    return uri


def _copied(
    name: str, value: object, row: dict[str, object], number: int, drawn: random.Random
) -> object:
    """Return a cell of the copy of a row."""
    if name == "run_uuid":
        return f"{number:032x}"
    if name == "value" and row.get("key") == "loss":
        return f"l{number % VALUES}"
    if name == "value" and row.get("key") == "seed":
        return str(number // VALUES % BLOCKS)
    if name == "value" and row.get("key") in METRICS:
        return drawn.gauss(0.5, 0.01)
    return value


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=ABOUT)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=FOLDER)
    given = parser.parse_args()
    from ablate.foreign.naming import Naming
    from ablate.foreign.study import Asked, study_of
    from ablate.foreign.tables import tables_of
    from ablate.report.judged import contents_of
    from ablate.tracking.foreign import read_mlflow

    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        uri = make(Path(name), given.runs)
        began = time.perf_counter()
        columns = {"value": "loss", "seed": "seed"}
        rows = read_mlflow(uri, experiment=None, columns=columns, is_meant=Naming().is_meant)
        was_read = time.perf_counter()
        asked = Asked(baseline="l1", primary=("qabf", "vif"))
        tables = tables_of(rows, Naming(), where=uri)
        answers = contents_of(study_of(tables, asked, Naming(), where=uri)).answered
        ended = time.perf_counter()
    found = content(
        "judge",
        about=ABOUT,
        load_before=load,
        clock="time of day",
        sides="one side",
        measures=[
            measure(
                f"{given.runs} runs read", unit="s", values=[was_read - began], at_most=SECONDS
            ),
            measure("the same judged", unit="s", values=[ended - was_read]),
            measure("contrasts answered", unit="", values=[len(answers[0].contrasts)]),
        ],
    )
    show(found, write(found, folder=given.out))


if __name__ == "__main__":
    main()
