"""A study whose runs all fail alike stops early; --retry runs them again once the cause is mended."""

import json
from pathlib import Path

import pytest

from tests.e2e.running import SMALL, inside, results, stores

pytestmark = pytest.mark.e2e
WORDS = [*SMALL, "~phases.search", "executor=inline"]


def broken(*_: object, **__: object) -> None:
    raise TypeError("a bug on the way")


def test_equal_errors_halt_the_study_and_retry_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ablate.training.loop.train_loop", broken)
    done = inside("run", "quickstart", *WORDS, "--store", "s", cwd=tmp_path, code=1)
    said = done.stderr.strip().splitlines()[-1]
    assert "the first 3 runs all failed with the same error: TypeError: a bug on the way" in said
    assert "--retry" in said
    assert "RUNNING" not in {status for status, _ in stores(tmp_path / "s")["mlflow"]}
    monkeypatch.undo()

    inside("run", "quickstart", *WORDS, "--store", "s", "--retry", cwd=tmp_path)
    status = json.loads(
        inside("status", "quickstart", "--store", "s", "--json", cwd=tmp_path).stdout
    )
    assert (status["finished"], status["failed"]) == (8, 0)
    found = stores(tmp_path / "s")
    assert {state for state, _ in found["mlflow"]} == {"FINISHED"}
    assert len({key for _, key in found["mlflow"]}) == len(found["mlflow"])
    assert set(found["optuna"]) == {"COMPLETE"}
    assert "agree" in inside("doctor", "quickstart", "--store", "s", cwd=tmp_path).stdout
    assert len(results(tmp_path / "s")) == 8


def test_what_diverged_is_a_result_and_is_not_tried_again(tmp_path: Path) -> None:
    words = [*WORDS, "train.learning_rate=1e30", "phases.compare.seeds=1"]
    inside("run", "quickstart", *words, "--store", "s", cwd=tmp_path, code=3)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "s").rglob("result.json")}
    inside("run", "quickstart", *words, "--store", "s", "--retry", cwd=tmp_path, code=3)
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "s").rglob("result.json")}
    assert before == after
