"""A search that is extended and killed: the same command again has the same result."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ablate.training.spec import WEIGHTS
from tests.drawing import drawing
from tests.e2e.running import inside, rows, start, stores, tag_counts

pytestmark = pytest.mark.e2e
STUDY = """
# @package _global_
title: A search that is extended
space:
  dimensions:
    rate: {path: train.learning_rate, type: float, low: 0.001, high: 0.1, log: true, baseline: 0.01}
phases:
  hunt: {design: search, sampler: tpe, trials: 2}
base:
  data: {name: synthetic, crop: 32, size: [48, 48], pairs: {train: 4, val: 2, test: 3}}
  model: {name: densefuse, width: 2}
  loss: {levels: 2}
  metrics: {names: [qabf, sd]}
  train: {steps: 6, batch_size: 1}
objective: val/qabf
keep: {best: 1}
"""
WORDS = ("run", "hunting.yaml", "executor=inline", "--store", "s", "--more", "2")


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a search of two trials that has ended, and its report in MLflow."""
    folder = tmp_path_factory.mktemp("searched")
    (folder / "hunting.yaml").write_text(STUDY)
    inside(*WORDS[:-2], cwd=folder)
    with drawing():
        inside("report", "hunting.yaml", "--store", "s", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def extended(searched: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the extended search finds where nobody kills it."""
    folder = shutil.copytree(searched, tmp_path_factory.mktemp("whole") / "copy")
    inside(*WORDS, cwd=folder)
    return found(folder)


def found(folder: Path) -> dict[str, Any]:
    """Return run -> settings and metrics, and which runs have weights."""
    runs = sorted((folder / "s" / "hunting" / "runs").iterdir())
    return {
        run.name: (
            json.loads((run / "spec.json").read_text())["settings"],
            json.loads((run / "result.json").read_text())["metrics"],
            (run / WEIGHTS).exists(),
        )
        for run in runs
    }


def ledger(folder: Path) -> str:
    return (folder / "s" / "hunting" / "ledger.jsonl").read_text()


def ended(folder: Path) -> int:
    return len(list((folder / "s" / "hunting" / "runs").glob("*/result.json")))


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "it has begun": lambda folder: (folder / "s" / "hunting" / "driver.json").exists(),
    "it is extended": lambda folder: '"extended"' in ledger(folder),
    "a trial has ended": lambda folder: ended(folder) == 3,
    "all have ended": lambda folder: ended(folder) == 4,
}
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in list(MOMENTS)[:-1]]


@pytest.mark.parametrize("moment", [*SLOW, "all have ended"])
def test_killed_at_any_instant_the_same_command_has_the_same_result(
    moment: str, searched: Path, extended: dict[str, Any], tmp_path: Path
) -> None:
    folder = shutil.copytree(searched, tmp_path / "copy")
    driver = start(*WORDS, cwd=folder)
    deadline = time.monotonic() + 200
    while not MOMENTS[moment](folder):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    assert '"settled"' not in ledger(folder)  # it was killed in time

    inside(*WORDS, cwd=folder)
    assert found(folder) == extended
    assert len(extended) == 4
    assert {status for status, _ in stores(folder / "s")["mlflow"]} == {"FINISHED"}
    assert stores(folder / "s")["optuna"].count("COMPLETE") == 4

    with drawing():
        inside("report", "hunting.yaml", "--store", "s", cwd=folder)
    (headline,) = tag_counts(folder / "s", "ablate.headline")  # one, and not that of two trials
    assert headline.endswith("runs: 4 finished")
    notes = "select t.value from tags t where t.key = 'mlflow.note.content' and t.value like ?"
    ((note,),) = rows(folder / "s" / "mlflow.db", notes, "%**Result** %")
    assert note.count("**Result** ") == 1


def test_more_again_after_it_has_ended_adds_more(searched: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(searched, tmp_path / "copy")
    for count in (4, 6):
        inside(*WORDS, cwd=folder)
        assert ended(folder) == count
