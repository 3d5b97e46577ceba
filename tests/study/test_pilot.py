"""What the spread of a pilot says about the reach of a design, in units of the metrics."""

import json
import statistics
from pathlib import Path

import pytest

from ablate import config
from ablate.study.claims import reaches
from ablate.study.plan import Plan, make
from ablate.study.remarks import detectable, spreads
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


def test_the_smallest_difference_is_the_effect_times_the_spread_of_a_difference(
    tmp_path: Path,
) -> None:
    plan = piloted(tmp_path, runs=6)
    (reach,) = reaches(plan.config)
    (found,) = detectable(plan, tmp_path, [reach])  # VIF has no pilot score
    spread = statistics.stdev(SCORES)
    assert found.difference == pytest.approx(reach.effect * 2**0.5 * spread)
    assert found.percent == pytest.approx(100 * found.difference / statistics.fmean(SCORES))
    assert (found.metric, found.question, found.pilot_runs) == ("qabf", "variant", 6)


@pytest.mark.parametrize(("runs", "state"), [(0, "finished"), (2, "finished"), (6, "failed")])
def test_without_a_pilot_nothing_is_said(tmp_path: Path, runs: int, state: str) -> None:
    plan = piloted(tmp_path, runs=runs, state=state)
    assert spreads(plan, tmp_path) == {}
    assert detectable(plan, tmp_path, reaches(plan.config)) == []
