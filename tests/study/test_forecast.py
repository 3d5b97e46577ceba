"""How long a plan takes: sums by hand, kinds of trainings, and a cache that trusts nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from ablate import config
from ablate.study import forecast as module
from ablate.study.forecast import (
    Figures,
    Kind,
    cached,
    forecast,
    keep,
    kind_of,
    known_figures,
    loads,
    of_runs,
    representatives,
)
from ablate.study.plan import Plan, make


def plan_of(*words: str) -> Plan:
    return make(config.load("quickstart", ["train.steps=100", "phases.search.rungs=[50]", *words]))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def same_for_all(plan: Plan, **figures: float) -> dict[str, Figures]:
    return {key: Figures(**figures) for key in loads(plan)[1]}


def test_a_forecast_is_the_sum_by_hand_with_evaluation_rungs_and_baselines() -> None:
    plan = plan_of("executor.name=inline")
    figures = same_for_all(
        plan,
        step_s=0.5,
        start_s=1,
        val_s=10,
        test_s=20,
        end_s=2,
        data_s=100,
        baselines_s=50,
    )
    found = forecast(plan, figures, source="measured")
    assert found is not None
    designed = 8 * (1 + 100 * 0.5 + 10 + 20 + 2)
    searched = 6 * (1 + 100 * 0.5 + 2 * 10 + 2)  # a rung scores val once more; test is not seen
    assert found.phases_h == pytest.approx({"compare": designed / 3600, "search": searched / 3600})
    assert found.machine_h == pytest.approx((designed + searched + 150) / 3600)
    assert found.scoring_h == pytest.approx((8 * 30 + 6 * 20) / 3600)
    assert found.steps_h == pytest.approx(14 * 50 / 3600)
    assert found.baselines_h == pytest.approx(50 / 3600)


def test_steps_count_linearly_and_workers_share_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    hours = {}
    for steps, slots in ((100, 1), (200, 1), (100, 2), (100, 64)):
        plan = plan_of(f"train.steps={steps}", f"executor.slots={slots}")
        figures = same_for_all(plan, step_s=1.0, baselines_s=30, worker_s=5)
        found = forecast(plan, figures, source="measured")
        assert found is not None
        hours[steps, slots] = found.wall_h * 3600
        assert found.machine_h * 3600 == pytest.approx(14 * steps + 30 + 5 * slots)
    assert hours[100, 1] == pytest.approx(14 * 100 + 35)
    assert hours[200, 1] == pytest.approx(14 * 200 + 35)
    assert hours[100, 2] == pytest.approx(7 * 100 + 35)
    assert hours[100, 64] == pytest.approx(14 * 100 / 4 + 35)  # no more than there are cores


def test_a_toy_study_takes_its_start_up_and_records_besides_its_trainings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    around = {"driver_s": 6.0, "record_s": 0.5, "finish_s": 3.0, "worker_s": 5.0}
    for slots, name, at_once in ((1, "inline", 1), (1, "processes", 2), (2, "processes", 2)):
        plan = plan_of("train.steps=10", f"executor.slots={slots}", f"executor.name={name}")
        found = forecast(plan, same_for_all(plan, step_s=0.1, **around), source="measured")
        assert found is not None
        trained, whole = 14 * 1.0, 14 * 1.5
        shared = max(trained / slots, whole / at_once)
        assert found.wall_h * 3600 == pytest.approx(6 + 3 + 5 + shared)
        assert found.machine_h * 3600 == pytest.approx(6 + 3 + 5 * slots + whole)


def test_what_moves_no_time_makes_no_kind() -> None:
    base = plan_of().config.base

    def key(**changes: dict[str, Any]) -> str:
        return kind_of({s: {**part, **changes.get(s, {})} for s, part in base.items()}).key

    same = key(train={"steps": 7, "learning_rate": 9.0}, loss={"gradient_weight": 3.0})
    assert same == key()
    others = {
        key(loss={"gradient_weight": 0.0}),
        key(loss={"levels": 1}),
        key(data={"crop": 32}),
        key(train={"batch_size": 9}),
        key(model={"width": 99}),
        key(data={"limit": {"test": 2}}),
    }
    assert len(others) == 6
    assert key() not in others


def test_a_kind_that_was_not_measured_has_the_mean_of_those_most_alike() -> None:
    plan = plan_of("+factors.levels={values: [1, 2, 3], baseline: 3}", "~phases.search")
    _, kinds = loads(plan)
    assert len(kinds) > 4
    three = {
        key: Figures(step_s=float(kind.settings["loss"]["levels"]))
        for key, kind in kinds.items()
        if kind.settings["loss"]["levels"] in (1, 3)
    }
    whole = forecast(plan, same_for_all(plan, step_s=2.0), source="cache")
    some = forecast(plan, three, source="cache")
    assert whole is not None
    assert some is not None
    assert some.known_kinds < some.kinds
    assert forecast(plan, {"of another study": Figures(step_s=1.0)}, source="cache") is None


def test_at_most_so_many_kinds_are_measured_the_baseline_among_them() -> None:
    kinds = [Kind(key=str(n), settings={}) for n in range(40)]
    some = representatives(kinds, most=8)
    assert len(some) == 8
    assert (some[0], some[-1]) == (kinds[0], kinds[-1])
    assert representatives(kinds[:3], most=8) == kinds[:3]


def test_figures_are_kept_per_machine_and_a_damaged_file_is_as_good_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of()
    _, kinds = loads(plan)
    figures = same_for_all(plan, step_s=0.25, val_s=3.0)
    assert cached(kinds, device="cpu") == {}
    assert keep(figures, device="cpu")
    assert cached(kinds, device="cpu") == figures
    assert known_figures(plan, tmp_path / "store") == (figures, "cache")
    files = sorted((tmp_path / "cache" / "ablate" / "timings").iterdir())
    assert len(files) == len(kinds)
    texts = [
        "",
        "{",
        "[1]",
        '{"format": 9, "figures": {"step_s": 1}}',
        "[" * 9000,
        '{"format": 2, "figures": {"step_s": -1}}',
        '{"format": 2, "figures": {"step": 1}}',
        '{"format": 2, "figures": {"step_s": NaN}}',
    ]
    for text in texts:
        files[0].write_text(text)
        assert len(cached(kinds, device="cpu")) == len(kinds) - 1, text
    monkeypatch.setattr(module, "cpu_kind", lambda: "another processor")
    assert cached(kinds, device="cpu") == {}


def test_a_cache_that_cannot_be_written_stops_no_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    assert not keep({"kind": Figures(step_s=1.0)}, device="cpu")


def test_finished_runs_of_the_study_go_before_the_cache(tmp_path: Path) -> None:
    plan = plan_of()
    keep(same_for_all(plan, step_s=9.0), device="cpu")
    for index, trial in enumerate(plan.trials[:2]):
        place = tmp_path / "quickstart" / "runs" / f"r{index}"
        place.mkdir(parents=True)
        (place / "spec.json").write_text(json.dumps(trial.runs[0].to_json()))
        facts = {"seconds_per_step": 0.5, "seconds": 57.0}
        (place / "result.json").write_text(json.dumps({"state": "finished", "facts": facts}))
    (tmp_path / "quickstart" / "runs" / "torn").mkdir()
    (tmp_path / "quickstart" / "runs" / "torn" / "result.json").write_text("{")
    figures, source = known_figures(plan, tmp_path)
    assert source == "runs"
    assert list(figures.values()) == [Figures(step_s=0.5, start_s=7.0)] * 2
    found = forecast(plan, figures, source=source)
    assert found is not None
    assert found.machine_h == pytest.approx(14 * 57 / 3600)
    assert of_runs(tmp_path / "nowhere") == {}
