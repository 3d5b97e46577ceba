"""An Optuna database that takes no trials, as one that another program has locked."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from sqlalchemy.exc import OperationalError

from ablate.study import projection
from tests.e2e.running import inside, stores

pytestmark = pytest.mark.e2e
STUDY = str(Path(__file__).parents[1] / "chaos" / "cold.yaml")
WORDS = ["phases.pilot.seeds=3", "train.steps=2", "executor=inline", "--store", "s"]


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return what makes the next so many trials be refused."""
    monkeypatch.setattr(projection, "RETRY_AFTER_S", 0.0)
    left, add = [0], optuna.Study.add_trial

    def refusing(self: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        left[0] -= 1
        if left[0] >= 0:
            locked = OperationalError("insert", {}, sqlite3.OperationalError("database is locked"))
            raise optuna.exceptions.StorageInternalError("while committing") from locked
        add(self, trial)

    monkeypatch.setattr(optuna.Study, "add_trial", refusing)

    def these(count: int) -> None:
        left[0] = count

    return these


def test_a_database_that_is_locked_midway_stops_no_training_and_gets_all(
    refuse: Callable[[int], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(1)
    inside("run", STUDY, *WORDS, cwd=tmp_path)
    assert "database is locked" in caplog.text
    assert "training goes on" in caplog.text
    assert stores(tmp_path / "s")["optuna"] == ["COMPLETE"]
    assert "agree" in inside("doctor", STUDY, *WORDS, cwd=tmp_path).stdout


def test_one_that_is_locked_to_the_end_is_said_in_one_line_and_gets_all_later(
    refuse: Callable[[int], None], tmp_path: Path
) -> None:
    refuse(10**6)
    done = inside("run", STUDY, *WORDS, cwd=tmp_path, code=1)
    said = done.stderr.strip().splitlines()[-1]
    assert said.startswith("store.optuna: sqlite:////")
    assert "takes no trials: (sqlite3.OperationalError) database is locked; nothing is lost" in said
    assert len(list((tmp_path / "s").glob("cold/runs/*/result.json"))) == 3
    refuse(0)
    inside("run", STUDY, *WORDS, cwd=tmp_path)
    assert stores(tmp_path / "s")["optuna"] == ["COMPLETE"]
    assert {state for state, _ in stores(tmp_path / "s")["mlflow"]} == {"FINISHED"}
