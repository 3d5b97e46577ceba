"""The spread of the pilot's runs."""

import json
import statistics
from pathlib import Path

import pytest

from ablate import config
from ablate.study.plan import Plan, make
from ablate.study.remarks import spreads
from ablate.training.spec import RunResult

SCORES = [0.50, 0.52, 0.51, 0.49, 0.53, 0.50]


def piloted(store: Path, *, runs: int, state: str = "finished") -> Plan:
    plan = make(config.load("q4_variant_answer"))
    ids = [run.run_id for t in plan.trials if t.phase == "pilot" for run in t.runs][:runs]
    for run, value in zip(ids, SCORES, strict=False):
        folder = store / plan.config.name / "runs" / run
        folder.mkdir(parents=True)
        result = RunResult(run_id=run, state="finished", metrics={"test/qabf": value})
        (folder / "result.json").write_text(json.dumps({**result.to_json(), "state": state}))
    return plan


def test_the_spread_is_that_of_the_finished_pilot_runs(tmp_path: Path) -> None:
    found = spreads(piloted(tmp_path, runs=6), tmp_path)
    assert found == {"qabf": (statistics.fmean(SCORES), statistics.stdev(SCORES), 6)}


@pytest.mark.parametrize(("runs", "state"), [(0, "finished"), (2, "finished"), (6, "failed")])
def test_without_a_pilot_nothing_is_said(tmp_path: Path, runs: int, state: str) -> None:
    assert spreads(piloted(tmp_path, runs=runs, state=state), tmp_path) == {}
