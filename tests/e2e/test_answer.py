"""A blocked study from launch to verdict.json: killed, on other workers, rebuilt from MLflow."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.running import ablate, inside, rows, start

pytestmark = pytest.mark.e2e
STUDY = "probe_q4_variant_answer"
WORDS = [
    "train.steps=4", "data.crop=32", "data.size=[48,48]", "data.pairs.train=4",
    "data.pairs.val=2", "data.pairs.test=3", "base.loss.levels=2",
    "phases.answer.options={points: 2, blocks: 6}", "phases.pilot.seeds=2",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answer")
    ablate("run", STUDY, *WORDS, "--store", "s", "--workers", "2", cwd=folder)
    inside("report", STUDY, "--store", "s", "--out", "report", cwd=folder)
    return folder


def test_every_question_has_an_answer_with_its_numbers(whole: Path) -> None:
    verdict = json.loads((whole / "report" / "verdict.json").read_text())
    (question,) = verdict["questions"]
    assert question["verdict"] in (
        "supported", "contradicted", "practically equivalent", "undecided", "not answerable",
    )  # fmt: skip
    contrasts = {row["contrast"] for row in question["rows"]}
    assert contrasts == {"split", "sign", "both", "axes"}
    assert all(len(row["by_block"]) == 6 for row in question["rows"])
    runs = {path.name for path in (whole / "s" / STUDY / "runs").iterdir()}
    assert len(runs) == 2 + 4 * 2 * 6
    assert {run for row in question["rows"] for run in row["run_ids"]} <= runs
    assert question["verdict"] in (whole / "report" / "report.html").read_text()


def test_blocks_are_parents_and_the_design_is_registered(whole: Path) -> None:
    kinds = dict(
        rows(whole / "s" / "mlflow.db",
             "select value, count(*) from tags where key = 'ablate.kind' group by 1")
    )  # fmt: skip
    assert kinds["block"] == 4 * 6
    assert kinds["run"] == 4 * 2 * 6 + 2
    winners = rows(
        whole / "s" / "mlflow.db",
        "select count(*) from tags where key = 'ablate.winner' and value = 'true'",
    )
    assert winners == [(24,)]
    assert list((whole / "s").rglob("pre-registration.json"))


def test_a_killed_driver_and_one_worker_end_with_the_same_verdict(
    whole: Path, tmp_path: Path
) -> None:
    driver = start("run", STUDY, *WORDS, "--store", "s", "--workers", "1", cwd=tmp_path)
    deadline = time.monotonic() + 120
    while len(list((tmp_path / "s" / STUDY).glob("runs/*/result.json"))) < 10:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    ablate("run", STUDY, *WORDS, "--store", "s", "--workers", "1", cwd=tmp_path)
    ablate("report", STUDY, "--store", "s", "--out", "report", cwd=tmp_path)
    mine, theirs = (folder / "report" / "verdict.json" for folder in (tmp_path, whole))
    assert mine.read_bytes() == theirs.read_bytes()
    states = rows(tmp_path / "s" / "mlflow.db", "select distinct status from runs")
    assert states == [("FINISHED",)]


def test_the_report_needs_nothing_but_mlflow(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole / "s", tmp_path / "s")
    shutil.rmtree(tmp_path / "s" / STUDY)
    (tmp_path / "s" / "optuna.db").unlink()
    inside("report", STUDY, "--store", "s", "--out", "again", cwd=tmp_path)
    for name in ("verdict.json", "tables/answers.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (whole / "report" / name).read_bytes()
