"""A study with a dead block, from launch to report: redrawn once, counted, found in MLflow."""

import json
from pathlib import Path

import pandas as pd
import pytest

from ablate import config
from ablate.study.plan import make
from ablate.training.spec import RunResult
from tests.drawing import drawing
from tests.e2e.running import inside, rows

pytestmark = pytest.mark.e2e
STUDY = "q4_variant_answer"
WORDS = [
    "factors.variant.values=[signed, magnitude]",
    "~questions.variant.contrasts",
    "data=synthetic",
    "model.width=2",
    "train.gallery=1",
    "train.steps=2",
    "data.crop=32",
    "data.size=[48,48]",
    "data.pairs.train=4",
    "data.pairs.val=2",
    "data.pairs.test=2",
    "base.loss.levels=2",
    "phases.answer.options={points: 1, blocks: 3}",
    "+phases.answer.claims=false",
    "phases.pilot.seeds=2",
    "phases.answer.budgets=[1]",
]


def test_a_dead_block_is_redrawn_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(config.load(STUDY, WORDS))
    killed = {
        run.run_id
        for trial in made.trials
        for run in trial.runs
        if trial.block == 2 and trial.arm_id == made.baseline_arm_id
    }
    assert len(killed) == 1
    monkeypatch.setattr(
        RunResult,
        "known_health",
        property(lambda self: "constant" if self.run_id in killed else "healthy"),
    )
    inside("run", STUDY, *WORDS, "executor=inline", "--store", "s", cwd=tmp_path)
    arms = len({trial.arm_id for trial in made.trials})
    status = json.loads(inside("status", STUDY, "--json", "--store", "s", cwd=tmp_path).stdout)
    assert status["planned"] == status["finished"] == 2 + arms * 4
    with drawing():
        inside("report", STUDY, "--store", "s", "--out", "report", cwd=tmp_path)
    (question,) = json.loads((tmp_path / "report" / "verdict.json").read_text())["questions"]
    assert question["redrawn"] == [{"block": 2, "by": 4}]
    assert {cell["block"] for cell in question["cells"]} == {1, 3, 4}
    runs = pd.read_csv(tmp_path / "report" / "tables" / "runs.csv")
    assert (runs["health"] == "constant").sum() == 1
    assert len(runs) == 2 + arms * 4
    assert "block 2 by 4" in (tmp_path / "report" / "report.md").read_text()
    design = json.loads(next((tmp_path / "s").rglob("pre-registration.json")).read_text())
    assert len(design["spare_rows"]) == arms
    states = rows(
        tmp_path / "s" / "mlflow.db",
        "select r.status, count(*) from runs r join tags t on t.run_uuid = r.run_uuid "
        "where t.key = 'ablate.run_id' and r.lifecycle_stage = 'active' group by 1",
    )
    assert states == [("FINISHED", 2 + arms * 4)]
    again = inside("run", STUDY, *WORDS, "executor=inline", "--store", "s", cwd=tmp_path)
    assert again.returncode == 0
    after = json.loads(inside("status", STUDY, "--json", "--store", "s", cwd=tmp_path).stdout)
    assert after == status
    assert inside("doctor", STUDY, *WORDS, "--store", "s", cwd=tmp_path).returncode == 0
