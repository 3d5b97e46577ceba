"""A confirmation from launch to verdict: frozen after the exploration, killed, gone on, registered."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.drawing import drawing
from tests.e2e.running import inside, rows, start

pytestmark = pytest.mark.e2e
STUDY = """
# @package _global_
defaults: [/search_spaces@space: variants, _self_]
title: A confirmation
questions:
  variant: {asks: Which one, compare: variant, primary: [qabf]}
factors:
  variant: {values: [signed, sign_free, magnitude], baseline: signed}
phases:
  explore: {design: sobol, trials: 4}
  confirm: {design: confirm, options: {of: explore}}
base:
  data: {name: synthetic, crop: 32, size: [48, 48], pairs: {train: 4, val: 2, test: 3}}
  model: {name: probe}
  loss: {levels: 2}
  metrics: {names: [qabf, sd]}
  train: {steps: 4, learning_rate: 0.02, gallery: 0}
objective: val/qabf
"""


def test_a_confirmation_is_frozen_once_and_survives_a_kill(tmp_path: Path) -> None:
    (tmp_path / "late.yaml").write_text(STUDY)
    words = ("run", "late.yaml", "executor=inline", "--store", "s")
    ledger = tmp_path / "s" / "late" / "ledger.jsonl"
    driver = start(*words, cwd=tmp_path)
    deadline = time.monotonic() + 120
    while len(list((tmp_path / "s").glob("late/runs/*/result.json"))) < 7:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    (before,) = (line for line in ledger.read_text().splitlines() if '"frozen"' in line)
    inside(*words, cwd=tmp_path)
    (after,) = (line for line in ledger.read_text().splitlines() if '"frozen"' in line)
    assert after == before
    entry = json.loads(after)
    assert [arm["name"] for arm in entry["arms"]] == ["baseline", "winner 1"]
    assert len(list((tmp_path / "s").glob("late/runs/*/result.json"))) == 4 + 16

    (registered,) = (tmp_path / "s").rglob("pre-registration-confirm.json")
    stored = json.loads(registered.read_text())
    assert stored["hash"] == entry["hash"] != stored["design_hash"]
    assert len(stored["rows"]) == 16
    tags = rows(
        tmp_path / "s" / "mlflow.db",
        "select value from tags where key = 'ablate.registered.confirm'",
    )
    assert tags == [(entry["hash"],)]
    inside("doctor", "late.yaml", "--store", "s", cwd=tmp_path)

    with drawing():
        inside("report", "late.yaml", "--store", "s", "--out", "r", cwd=tmp_path)
    (question,) = json.loads((tmp_path / "r" / "verdict.json").read_text())["questions"]
    assert question["id"] == "confirm"
    assert question["verdict"] != "not answerable", question["reason"]
    assert all(row["blocks"] == 8 for row in question["rows"])
    assert any("conditional on this tuned configuration" in text for text in question["caveats"])


ALONE = """
# @package _global_
title: A search and its confirmation
space:
  dimensions:
    rate: {path: train.learning_rate, type: float, low: 0.001, high: 0.1, log: true, baseline: 0.01}
phases:
  hunt: {design: search, sampler: random, trials: 3}
  again: {design: confirm, options: {of: hunt, blocks: 2}}
base:
  data: {name: synthetic, crop: 32, size: [48, 48], pairs: {train: 4, val: 2, test: 3}}
  model: {name: densefuse, width: 2}
  loss: {levels: 2}
  metrics: {names: [qabf, sd]}
  train: {steps: 4, batch_size: 1}
objective: val/qabf
"""


def test_a_confirmation_needs_no_question(tmp_path: Path) -> None:
    (tmp_path / "alone.yaml").write_text(ALONE)
    assert "7 runs" in inside("check", "alone.yaml", cwd=tmp_path).stdout
    planned = inside("plan", "alone.yaml", cwd=tmp_path).stdout
    assert "without a question: this phase claims nothing" in planned
    inside("run", "alone.yaml", "executor=inline", "--store", "s", cwd=tmp_path)
    with drawing():
        inside("report", "alone.yaml", "--store", "s", "--out", "r", cwd=tmp_path)
    page = (tmp_path / "r" / "report.md").read_text()
    assert "The best of hunt (rate 0." in page
    assert "trained anew on 2 fresh seeds" in page
    found = json.loads(inside("best", "alone.yaml", "--json", "--store", "s", cwd=tmp_path).stdout)
    assert {one["runs"] for one in found["arms"]} == {2}
    inside("promote", "alone.yaml", "--as", "long", "--store", "s", cwd=tmp_path)
    inside("check", "studies/long.yaml", cwd=tmp_path)
    (tmp_path / "claiming.yaml").write_text(ALONE.replace("confirm,", "confirm, claims: true,"))
    refused = inside("check", "claiming.yaml", cwd=tmp_path, code=2)
    assert "phases.again.claims: needs a question" in refused.stderr
