"""A study with a network that hangs once: one line, a tag, and the table is whole."""

import json
from pathlib import Path

import pytest

from tests.e2e.running import inside, tag_counts
from tests.execution.conftest import TROUBLED

pytestmark = pytest.mark.e2e
STUDY = """\
# @package _global_
title: Two seeds of a network that hangs
space:
  dimensions:
    levels: {path: loss.levels, type: int, low: 1, high: 2, baseline: 1, label: pyramid levels}
phases:
  compare: {design: baseline_only, seeds: 2}
base:
  data: {name: synthetic, crop: 32, size: [48, 48], pairs: {train: 2, val: 1, test: 1}}
  model: {name: troubled, trouble: hang}
  train: {steps: 8, batch_size: 1}
  metrics: {names: [qabf, mi]}
executor: {name: processes, slots: 2, lease_s: 3}
"""


def test_a_study_with_a_run_that_hangs_is_whole_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "seen").mkdir()
    (tmp_path / "plugins" / "troubled.py").write_text(TROUBLED)
    (tmp_path / "mine.yaml").write_text(STUDY)
    done = inside("run", "mine.yaml", "--store", "s", cwd=tmp_path)
    assert "2 of 2 runs finished" in done.stdout
    assert "hung (no progress for" in caplog.text
    results = [
        json.loads(path.read_text()) for path in (tmp_path / "s").glob("mine/runs/*/result.json")
    ]
    assert sorted(one["facts"].get("workers_hung", 0) for one in results) == [0, 1]
    assert tag_counts(tmp_path / "s", "ablate.workers_hung") == {"1": 1}
