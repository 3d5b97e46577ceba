"""What MLflow acknowledged and no longer has, or has and the journal lost, or somebody deleted."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ablate.errors import StoreError
from ablate.tracking.audit import held
from ablate.training.spec import RunResult


def finished(spec: Any) -> RunResult:
    return RunResult(run_id=spec.run_id, state="finished", metrics={"val/qabf": 0.5})


def lose(store: Path, run_id: str, *, since: int, status: str) -> None:
    """Put a run back to what an older copy of the database has of it."""
    with closing(sqlite3.connect(store / "mlflow.db")) as database, database:
        for table in ("metrics", "latest_metrics"):
            database.execute(
                f"delete from {table} where run_uuid = ? and (step >= ? or key like 'final/%')",
                (run_id, since),
            )
        database.execute("update runs set status = ? where run_uuid = ?", (status, run_id))
        if since > 0:
            database.execute(
                "insert or ignore into latest_metrics (key, value, timestamp, step, is_nan, "
                "run_uuid) select key, value, timestamp, max(step), is_nan, run_uuid from metrics "
                "where run_uuid = ? group by key",
                (run_id,),
            )


@pytest.mark.parametrize(
    ("status", "has_position"), [("RUNNING", True), ("FINISHED", True), ("FINISHED", False)]
)
def test_points_that_an_older_database_lacks_are_sent_again(
    status: str,
    has_position: bool,
    study: Any,
    store: Path,
    points: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shipper, spec = study.shipper(), study.spec()
    folder = study.write(spec, range(6))
    shipper.end(spec, finished(spec), folder, siblings=1)
    run_id = study.run(spec).info.run_id
    before = points(run_id, "train/loss"), points(run_id, "final/val/qabf")
    lose(store, run_id, since=3, status=status)
    if not has_position:
        (folder / "shipped.json").unlink()
    assert len(points(run_id, "train/loss")) == 3
    (row,) = (row for row in held(study.client, study=study.name) if row.run_id == run_id)
    assert row.last["train/loss"] == 2

    with caplog.at_level(logging.WARNING):
        study.shipper().end(spec, finished(spec), folder, siblings=1)
    assert "MLflow lacks points that it had taken" in caplog.text
    run = study.run(spec)
    assert (run.info.run_id, run.info.status) == (run_id, "FINISHED")
    assert (points(run_id, "train/loss"), points(run_id, "final/val/qabf")) == before

    caplog.clear()
    study.shipper().end(spec, finished(spec), folder, siblings=1)  # and nothing more
    assert not caplog.records


def test_a_position_of_an_earlier_version_is_compared_with_the_journal(
    study: Any, store: Path, points: Any
) -> None:
    shipper, spec = study.shipper(), study.spec()
    folder = study.write(spec, range(4))
    shipper.ship(spec, folder, siblings=1)
    run_id, path = study.run(spec).info.run_id, folder / "shipped.json"
    path.write_text(f'{{"run": "{run_id}", "offset": {(folder / "journal.jsonl").stat().st_size}}}')
    lose(store, run_id, since=0, status="RUNNING")
    study.shipper().ship(spec, folder, siblings=1)
    assert len(points(run_id, "train/loss")) == 4


def test_a_run_that_has_points_which_its_journal_lost_is_made_anew(study: Any, points: Any) -> None:
    shipper, spec = study.shipper(), study.spec()
    folder = study.write(spec, range(5))
    shipper.ship(spec, folder, siblings=1)
    first = study.run(spec).info.run_id
    study.shipper().reopen(spec, folder)
    assert study.run(spec).info.run_id == first  # the journal has them all

    journal = folder / "journal.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:3]))
    again = study.shipper()
    again.reopen(spec, folder)
    study.write(spec, range(5))  # the steps are taken again, at other times
    again.ship(spec, folder, siblings=1)
    run_id = study.run(spec).info.run_id
    assert run_id != first
    assert [step for step, _, _ in points(run_id, "train/loss")] == [0, 1, 2, 3, 4]


def test_a_run_that_somebody_deleted_meanwhile_is_made_again_with_all_its_points(
    study: Any, points: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shipper = study.shipper()
    specs = [study.spec(f"r{seed}", seed=seed) for seed in range(2)]
    for spec in specs:
        shipper.ship(spec, study.write(spec, range(2)), siblings=2)
    gone = study.run(specs[0])
    for run_id in (gone.info.run_id, gone.data.tags["mlflow.parentRunId"]):
        study.client.delete_run(run_id)
    results = [finished(spec) for spec in specs]
    for spec, result in zip(specs, results, strict=True):
        shipper.end(spec, result, study.write(spec, range(2, 4)), siblings=2)
    shipper.end_trial(specs[0], results)
    assert "2 of its runs were deleted in MLflow meanwhile" in caplog.text
    for spec in specs:
        run = study.run(spec)
        assert run.info.status == "FINISHED"
        assert len(points(run.info.run_id, "train/loss")) == 4
    (parent,) = study.runs("tags.`ablate.kind` = 'trial'")
    assert parent.info.status == "FINISHED"


def test_a_deleted_study_or_experiment_is_one_line_and_then_made_again_or_restored(
    study: Any,
) -> None:
    shipper, spec = study.shipper(), study.spec()
    folder = study.write(spec, range(2))
    shipper.ship(spec, folder, siblings=1)
    (root,) = study.runs("tags.`ablate.kind` = 'study'")
    study.client.delete_run(root.info.run_id)
    with pytest.raises(StoreError, match="its own run was deleted in MLflow; the same command"):
        shipper.finish({})
    again = study.shipper()
    again.end(spec, finished(spec), folder, siblings=1)
    (root,) = study.runs("tags.`ablate.kind` = 'study'")
    assert study.run(spec).data.tags["mlflow.parentRunId"] == root.info.run_id

    study.client.delete_experiment(study.experiment_id)
    with pytest.raises(StoreError, match="was deleted in MLflow; restore it"):
        again.finish({})
