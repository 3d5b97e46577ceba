"""`plan --time` of commands: what a training takes by two short ones, and what is refused."""

import time
from pathlib import Path
from typing import Any

import pytest

from ablate.config.loading import load
from ablate.errors import ConfigError
from ablate.study import command_timing, timing
from ablate.study.driver_timing import Overhead
from ablate.study.plan import make

FACTORS = """# @package _global_
space:
  dimensions:
    alpha: {path: task.values.alpha, type: float, low: 0.0, high: 1.0, baseline: 0.7}
questions: {q: {asks: a, compare: alpha, primary: [qabf], smallest_effect: {qabf: 1%}}}
factors: {alpha: {values: [0.7, 0.1]}}
nuisance: {learning_rate: fixed}
phases: {compare: {design: one_factor, seeds: 2}}
executor: {name: inline}
base:
  data: {name: synthetic, size: [24, 24], crop: 16, pairs: {train: 2, val: 1, test: 1}}
  train: {steps: 50}
  task:
    name: command
    repo: theirs
    run: [python, train.py]
    settings: {epochs: {flag: --epochs}, alpha: {flag: --alpha}}
    values: {epochs: 100, alpha: 0.7}
    smoke: {epochs: 2}
    gives: {images: {command: [python, test.py], from: "{out}/*.png"}}
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(timing, "overhead", lambda: Overhead(start_s=4, run_s=0.5, finish_s=2))
    (tmp_path / "theirs").mkdir()
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "s.yaml").write_text(FACTORS)
    return make(load("s"))


def test_seconds_per_epoch_and_beside_are_told_apart(
    plan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]

    def run(spec: Any, examples: Any, folder: Path, **values: int) -> None:
        clock[0] += 7 + 0.5 * values["epochs"]

    monkeypatch.setattr(command_timing, "_run", run)
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    (figures,) = timing.measure(plan).values()  # both values of alpha are of one kind
    assert figures.step_s * 50 == pytest.approx(0.5 * 100)
    assert figures.beside_s == pytest.approx(7)


def test_a_length_that_is_not_known_is_said(plan: Any) -> None:
    for trial in plan.trials:
        for run in trial.runs:
            run.settings["task"]["smoke"] = {}
    with pytest.raises(ConfigError, match=r"--time: .* smoke: \{epochs: 1\}"):
        timing.measure(plan)
