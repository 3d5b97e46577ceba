"""Runs that others logged in MLflow, read by its own client."""

import json
from pathlib import Path

import numpy as np
import pytest
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

from tests.command_line import typed

SEEDS = range(6)


@pytest.mark.slow
@pytest.mark.e2e
def test_parameters_are_columns_and_last_values_are_scores(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment("fusion", artifact_location=str(tmp_path / "artifacts"))
    for loss, seed in ((one, seed) for one in ("l1", "ours") for seed in SEEDS):
        run = client.create_run(experiment).info.run_id
        score = (
            0.5 + 0.01 * (loss == "ours") + np.random.default_rng([seed, len(loss)]).normal(0, 1e-3)
        )
        metrics = [Metric("test/qabf", 0.9, 0, 0), Metric("test/qabf", float(score), 1, 1)]
        metrics += [Metric("train/loss", 1.0, 0, 0), Metric("mAP", 0.3, 0, 0)]
        client.log_batch(run, metrics, [Param("loss", loss), Param("seed", str(seed))])
        client.set_terminated(run)
    lost = client.create_run(experiment).info.run_id
    client.log_batch(lost, [], [Param("loss", "ours"), Param("seed", "6")])
    client.set_terminated(lost, status="FAILED")
    words = ("judge", f"mlflow:{uri}", "--column", "value=loss", "--baseline", "l1")
    done = typed(*words, "--chosen-on", "nothing", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["questions"][0]
    rows = {row["metric"]: row for row in found["rows"]}
    assert set(rows) == {"qabf"}  # neither the loss nor what nobody named
    assert rows["qabf"]["estimate"] == pytest.approx(0.01, abs=2e-3)  # the last value, not 0.9
    assert rows["qabf"]["blocks"] == 6
    done = typed(*words, "--better", "map=higher", "--json", cwd=tmp_path)
    assert {row["metric"] for row in json.loads(done.stdout)["questions"][0]["rows"]} == {
        "qabf",
        "map",
    }
    for more, text in (
        (("--column", "value=lose"), "no run has a parameter or tag 'lose' for the column value"),
        (("--experiment", "fusoin"), "no experiment is called 'fusoin'; did you mean 'fusion'?"),
    ):
        done = typed(*words[:2], *more, cwd=tmp_path)
        assert text in done.stderr
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
