"""Cost: from earlier runs or a given pace, and the design that a budget holds."""

import json
from pathlib import Path
from typing import Any

import pytest

from ablate import config
from ablate.errors import ConfigError
from ablate.study.cost import Pace, cost, fit, pace_of
from ablate.study.plan import Plan, make

ONCE = "phases.answer.budgets=[1]"


@pytest.fixture(scope="module")
def answer() -> Plan:
    return make(config.load("q4_variant_answer", ["~phases.pilot", "~questions", ONCE]))


def write_run(store: Path, name: str, settings: dict[str, Any], **result: Any) -> None:
    folder = store / "earlier" / "runs" / name
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text(json.dumps({"settings": settings}))
    (folder / "result.json").write_text(json.dumps({"state": "finished", **result}))


def test_hours_are_runs_times_steps_times_the_pace_over_the_slots(answer: Plan) -> None:
    assert answer.runs == 4 * 4 * 8
    assert cost(answer).hours is None
    spent = cost(answer, Pace(seconds_per_step=0.09, seconds_beside=22.5))
    assert (spent.runs, spent.steps) == (128, 128_000)
    assert spent.hours == pytest.approx(128 * (1000 * 0.09 + 22.5) / 3600)
    two = make(
        config.load("q4_variant_answer", ["~phases.pilot", "~questions", ONCE, "executor.slots=2"])
    )
    halved = cost(two, Pace(seconds_per_step=0.09, seconds_beside=22.5))
    assert halved.hours == pytest.approx((spent.hours or 0) / 2)


def test_every_budget_has_its_cost_and_a_fit_holds_them_all() -> None:
    plan = make(config.load("q4_variant_answer", ["~phases.pilot", "~questions"]))
    pace = Pace(seconds_per_step=0.09, seconds_beside=22.5)
    spent = cost(plan, pace)
    assert (spent.runs, spent.steps, spent.lengths) == (256, 384_000, {1000: 128, 2000: 128})
    once, twice = spent.budgets
    assert (once.phase, once.times, once.runs, once.steps) == ("answer", 1.0, 128, 128_000)
    assert (twice.phase, twice.times, twice.runs, twice.steps) == ("answer_2x", 2.0, 128, 256_000)
    assert (once.hours or 0) + (twice.hours or 0) == pytest.approx(spent.hours)
    chosen = fit(plan, pace, hours=spent.hours or 0)
    assert chosen is not None
    assert (chosen.points, chosen.blocks) == (4, 8)
    assert chosen.hours == pytest.approx(spent.hours)


def test_the_pace_is_the_median_of_alike_finished_runs(answer: Plan, tmp_path: Path) -> None:
    base = answer.config.base
    short = {**base, "train": {**base["train"], "steps": 100}}
    wide = {**base, "model": {**base["model"], "width": 99}}
    for index, per_step in enumerate((0.1, 0.2, 0.4)):
        facts = {"seconds_per_step": per_step, "seconds": 100 * per_step + 5 + index}
        write_run(tmp_path, f"r{index}", short, facts=facts)
    write_run(tmp_path, "other", wide, facts={"seconds_per_step": 9.0, "seconds": 999.0})
    write_run(tmp_path, "old", base, facts={"seconds": 3.0})
    failed = {"seconds_per_step": 9.0, "seconds": 999.0}
    write_run(tmp_path, "failed", base, state="failed", facts=failed)
    (tmp_path / "earlier" / "runs" / "r0" / "result.json.tmp").write_text("{")
    torn = tmp_path / "earlier" / "runs" / "torn"
    torn.mkdir()
    (torn / "result.json").write_text("{")
    pace = pace_of(tmp_path, answer.config)
    assert pace is not None
    assert (pace.seconds_per_step, pace.runs) == (0.2, 3)
    assert pace.seconds_beside == pytest.approx(6)


def test_an_empty_store_has_no_pace(answer: Plan, tmp_path: Path) -> None:
    assert pace_of(tmp_path / "nowhere", answer.config) is None


def test_a_budget_holds_the_largest_design_within_it(answer: Plan) -> None:
    pace = Pace(seconds_per_step=0.045)  # 45 s a run, so 4 arms x T x R of them
    run_h = 45 / 3600
    for points, blocks, hours in (
        (8, 16, 512 * run_h),
        (4, 16, 511 * run_h),
        (4, 8, 128 * run_h),
        (2, 15, 127 * run_h),
        (2, 6, 48 * run_h),
    ):
        chosen = fit(answer, pace, hours=hours + 1e-9)
        assert chosen is not None
        assert (chosen.points, chosen.blocks) == (points, blocks)
        assert chosen.hours <= hours + 1e-9
    assert fit(answer, pace, hours=47 * run_h) is None


def test_the_rest_of_a_study_counts_against_the_budget() -> None:
    made = make(config.load("q4_variant_answer", [ONCE]))
    pace = Pace(seconds_per_step=0.045)
    chosen = fit(made, pace, hours=(6 + 128) * 45 / 3600 + 1e-9)
    assert chosen is not None
    assert (chosen.points, chosen.blocks) == (4, 8)


def test_a_study_without_blocks_cannot_be_fitted() -> None:
    with pytest.raises(ConfigError, match="none has blocks whose number could be chosen"):
        fit(make(config.load("q4_variant")), Pace(seconds_per_step=1.0), hours=1)
