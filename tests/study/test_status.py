"""Status: what a living driver has handed out is at work, what an earlier one left is interrupted."""

import json
import os
import time
from pathlib import Path

import pytest

from ablate import config
from ablate.config.schema import StudyConfig
from ablate.store_folder import open_store
from ablate.study import study_lock as locking
from ablate.study.ledger import Ledger
from ablate.study.names import known
from ablate.study.open_study import OpenStudy
from ablate.study.plan import make
from ablate.study.status import status
from ablate.study.study_lock import study_lock
from ablate.training.spec import JOURNAL, RunResult
from ablate.writing import write_json
from tests.e2e.running import inside


def load(*words: str) -> StudyConfig:
    return config.load("quickstart", words, known=known())


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Give the ledger of a quickstart that was started, whose runs a, b and c have begun."""
    ledger = Ledger(open_store(tmp_path, "quickstart"))
    plan = make(load())
    ledger.start({"design_hash": plan.design_hash, "data_hash": "0"})
    for run in "abc":
        ledger.run_folder(run).mkdir(parents=True)
        (ledger.run_folder(run) / JOURNAL).touch()
        ledger.submit(run)
    return ledger


def counted(store: Path, *words: str) -> tuple[int, int]:
    found = status(OpenStudy(load(*words), store=store))
    return found["running"], found["interrupted"]


def test_runs_are_at_work_while_their_driver_lives(tmp_path: Path, ledger: Ledger) -> None:
    assert counted(tmp_path) == (0, 3)
    with study_lock(ledger.folder, "quickstart"):
        assert counted(tmp_path) == (0, 3)  # an earlier driver's; this one has begun none
        ledger.submit("b")
        ledger.submit("d")  # its worker has written nothing yet
        assert counted(tmp_path) == (2, 2)
        result = RunResult(run_id="b", state="finished")
        write_json(ledger.run_folder("b") / "result.json", result.to_json())
        ledger.end(result)
        assert counted(tmp_path) == (1, 2)
    assert counted(tmp_path) == (0, 2)


def test_runs_are_at_work_though_the_driver_before_was_killed_while_it_wrote(
    tmp_path: Path, ledger: Ledger
) -> None:
    with ledger.path.open("ab") as file:
        file.write(b'{"event": "ended", "run": "a", "sta')
    with study_lock(ledger.folder, "quickstart"):
        again = Ledger(ledger.folder)  # cuts the torn line before its first event
        again.submit("b")
        again.submit("c")
        assert counted(tmp_path) == (2, 1)


def test_runs_at_work_say_step_share_and_time_left(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = {"seconds_per_step": 0.5, "steps": 40, "seconds": 26.0}
    with study_lock(ledger.folder, "quickstart"):
        for run in "abc":
            ledger.submit(run)
        result = RunResult(run_id="c", state="finished", facts=facts)
        write_json(ledger.run_folder("c") / "result.json", result.to_json())
        ledger.end(result)
        for run, steps in (("a", [10, 20]), ("b", [39, 40])):
            spec = {"name": f"arm {run}", "settings": {"train": {"steps": 40}}}
            write_json(ledger.run_folder(run) / "spec.json", spec)
            events = [
                {"kind": "metrics", "values": {"train/loss": 1.0}, "step": s, "time_ms": 2000 * s}
                for s in steps
            ]
            text = "".join(json.dumps(event) + "\n" for event in events)
            (ledger.run_folder(run) / JOURNAL).write_text(text)
        ledger.submit("d")
        monkeypatch.setattr("time.time", lambda: 81.0)
        found = status(OpenStudy(load(), store=tmp_path))
        assert found["at_work"] == [
            {"run": "a", "name": "arm a", "step": 20, "steps": 40, "share": 0.5, "eta_s": 26.0},
            {"run": "b", "name": "arm b", "step": 40, "steps": 40, "share": 1.0, "eta_s": 5.0},
            {"run": "d", "name": None, "step": 0, "steps": None, "share": 0.0, "eta_s": None},
        ]
        assert found["running"] == 3
        said = inside("status", "quickstart", "--store", str(tmp_path), cwd=tmp_path).stdout
    assert "\n  arm a: step 20 of 40 (50%), ETA 26 s\n" in said
    assert "\n  arm b: scoring, ETA 5 s\n  d: starting\n" in said


def test_a_driver_of_another_machine_is_known_by_its_sign(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = ledger.folder / locking.SIGN
    size = ledger.path.stat().st_size
    ledger.submit("b")

    def beat(number: int, *, age_s: float) -> None:
        values = {"host": "elsewhere", "process": 1, "beats": number, "ledger_bytes": size}
        write_json(sign, values)
        os.utime(sign, (time.time() - age_s,) * 2)

    waited: list[float] = []
    clock = iter(range(1000))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(time, "sleep", waited.append)
    beat(1, age_s=3)
    assert locking.open_runs(ledger.folder) == ["b"]
    assert waited == []  # fresh: believed at once
    beat(1, age_s=7200)
    assert locking.open_runs(ledger.folder) == []
    assert waited == []  # a store that was moved after a crash
    beat(1, age_s=60)
    assert locking.open_runs(ledger.folder) == []
    assert waited  # clocks may differ: watched for a beat
    monkeypatch.setattr(time, "sleep", lambda _: beat(2, age_s=60))
    assert locking.open_runs(ledger.folder) == ["b"]


def test_a_run_that_is_to_be_run_again_is_neither_before_its_turn(
    tmp_path: Path, ledger: Ledger
) -> None:
    result = RunResult(run_id="a", state="failed", reason="error: OSError: gone")
    write_json(ledger.run_folder("a") / "result.json", result.to_json())
    ledger.end(result)
    assert ledger.forget_failures(["a"]) == ["a"]
    assert counted(tmp_path) == (0, 2)


def test_points_of_a_design_that_were_left_out_are_counted_as_in_the_report(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.yaml").write_text(
        "title: An exploration and a repeated arm\n"
        "space: {dimensions: {ratio: {path: loss.ratio, type: float, low: 0.3, high: 0.8}, "
        "levels: {path: loss.levels, type: int, low: 1, high: 2, baseline: 2}}, "
        "constraints: {low: {require: 'levels == 1 or ratio < 0.6', because: it is one}}}\n"
        "factors: {ratio: {values: [0.4, 0.5]}, levels: {values: [1, 2], baseline: 2}}\n"
        "phases: {explore: {design: sobol, trials: 32}, all: {design: full_factorial}}\n"
    )
    study = config.load(tmp_path / "mine.yaml", (), known=known())
    plan = make(study)
    assert plan.infeasible > 0
    assert plan.duplicates > 0  # one level has no ratio
    found = status(OpenStudy(study, store=tmp_path / "s"))
    assert (found["infeasible"], found["duplicates"]) == (plan.infeasible, plan.duplicates)


def test_of_a_study_with_another_design_the_plan_says_nothing(
    tmp_path: Path, ledger: Ledger
) -> None:
    ledger.ask(0, {"a dimension that is gone": 1})
    word = "train.steps=7"
    found = status(OpenStudy(load(word), store=tmp_path))
    assert [found[key] for key in ("planned", "infeasible", "duplicates")] == [None] * 3
    assert (found["finished"], found["interrupted"]) == (0, 3)
    assert found["started_as"] != found["design_hash"]
    said = inside("status", "quickstart", word, "--store", str(tmp_path), cwd=tmp_path).stdout
    assert said.startswith("quickstart: 0 finished, 0 pruned, 0 failed, 0 running, 3 interrupted\n")
    assert "have changed since it was started: undo the change" in " ".join(said.split())
