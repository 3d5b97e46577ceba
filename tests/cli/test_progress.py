"""The line after every run: nobody has to read it, and names in it are no markup."""

import contextlib
import itertools
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ablate.cli.progress import LINE_EVERY_S, LONGEST_S, Meter
from ablate.study.driver import Progress
from ablate.study.ledger import OpenRuns, progress_of
from ablate.training.spec import RunResult, State


def step(name: str, *, ended: int = 1, planned: int = 2, state: State = "finished") -> Progress:
    return Progress(
        ended=ended,
        planned=planned,
        open=1,
        last=RunResult(run_id="r", state=state),
        last_name=name,
        seconds=1.0,
        resumed=0,
    )


@pytest.mark.parametrize("name", ["a [/b] [red]x", "a\x1b[2Jb", "a\u202eb"])
def test_a_name_is_printed_as_it_is_and_moves_no_cursor(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with Meter("mine", tmp_path) as meter:
        meter.take(step(name))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert line.startswith("mine 1/2 ETA 1 s  a")
    assert name.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e") in line


def test_a_reader_that_is_gone_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    gone = os.fdopen(writer, "w")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", gone)
        with Meter("mine", tmp_path) as meter:
            meter.take(step("one"))
            meter.take(step("two"))
    with contextlib.suppress(BrokenPipeError):
        gone.close()


def test_a_log_gets_a_line_now_and_then_and_one_for_every_failure(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with Meter("mine", tmp_path) as meter:
        for ended in range(1, 101):
            state: State = "failed" if ended == 50 else "finished"
            meter.take(step(f"run{ended}", ended=ended, planned=100, state=state))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[-2] for line in lines] == ["run1:", "run50:", "run100:"]
    assert meter.ended == "100 of 100 runs"


class Clock:
    """A clock that the test turns; a second is what the meter waits between two looks."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def beginning(*, planned: int, ended: int = 0) -> Progress:
    return Progress(
        ended=ended,
        planned=planned,
        open=0,
        last=None,
        last_name="",
        seconds=0.0,
        resumed=ended,
    )


def scored(name: str, score: float | None, best: float, *, ended: int, planned: int) -> Progress:
    one = step(name, ended=ended, planned=planned)
    return replace(one, objective="val/qabf", last_score=score, best_score=best)


def submitted(folder: Path, *runs: str) -> None:
    with (folder / "ledger.jsonl").open("a") as file:
        for run in runs:
            file.write(json.dumps({"event": "submitted", "run": run}) + "\n")


def written(folder: Path, run: str, *, steps: list[int], rungs: Sequence[int] = ()) -> None:
    place = folder / "runs" / run
    place.mkdir(parents=True, exist_ok=True)
    spec = {"name": f"arm {run}", "settings": {"train": {"steps": 40}}}
    (place / "spec.json").write_text(json.dumps(spec))
    events = [
        {"kind": "metrics", "values": {"train/loss": 0.1}, "step": one, "time_ms": 500 * one}
        for one in steps
    ]
    events += [{"kind": "rung", "value": 0.25, "step": s, "time_ms": 500 * s} for s in rungs]
    lines = [json.dumps(event) + "\n" for event in events]
    (place / "journal.jsonl").write_text("".join(lines) + '{"kind": "metr')


def test_a_log_tells_start_begin_rung_progress_and_end_with_the_scores(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    clock = Clock()
    meter = Meter("mine", tmp_path, clock=clock)

    def wait(seconds: int) -> list[str]:
        for _ in range(seconds):
            clock.now += 1
            meter.look()
        return capsys.readouterr().err.splitlines()

    meter.take(beginning(planned=3))
    assert wait(1) == ["mine 0/3 ETA ?  starts"]
    submitted(tmp_path, "a")
    written(tmp_path, "a", steps=[])
    assert wait(int(LINE_EVERY_S)) == ["mine 0/3 ETA ?  arm a: begins"]
    written(tmp_path, "a", steps=[1, 10, 20], rungs=[20])
    assert wait(6) == ["mine 0/3 ETA > 45 s  arm a: 0.250 at step 20 of 40"]
    (line,) = wait(int(LONGEST_S))
    assert line.endswith("arm a: step 20 of 40")
    with (tmp_path / "ledger.jsonl").open("a") as file:
        file.write('{"event": "ended", "run": "a"}\n')
    meter.take(scored("arm a", 0.5, 0.75, ended=1, planned=3))
    (line,) = wait(int(LINE_EVERY_S))
    assert line == "mine 1/3 ETA 8 s  val/qabf 0.500, best 0.750  arm a: finished"
    (line,) = wait(int(LONGEST_S) + 1)
    assert line.endswith("val/qabf 0.500, best 0.750  no run is open")
    meter.take(scored("arm b", None, 0.75, ended=3, planned=3))
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "mine 3/3 ETA 0 s  val/qabf -, best 0.750  arm b: finished"


def test_several_open_runs_are_told_by_their_shares(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    clock = Clock()
    meter = Meter("mine", tmp_path, clock=clock)
    meter.take(beginning(planned=9, ended=2))
    submitted(tmp_path, "a", "b")
    written(tmp_path, "a", steps=[10])
    written(tmp_path, "b", steps=[40])
    for _ in range(2 * int(LONGEST_S) + 10):
        clock.now += 1
        meter.look()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "mine 2/9 ETA ?  goes on"
    assert lines[-1].endswith("2 running: 25%, scoring")


@pytest.mark.parametrize("failing", [False, True])
@pytest.mark.parametrize("seconds_a_run", [0.1, 2])
def test_ten_thousand_runs_do_not_flood_a_log_and_never_leave_it_silent(
    failing: bool, seconds_a_run: float, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    clock = Clock()
    meter = Meter("mine", tmp_path, clock=clock)
    told, ticked = [clock.now], clock.now
    meter.take(beginning(planned=10_000))
    for ended in range(1, 10_001):
        end = 100.0 + ended * seconds_a_run
        while ticked + 1 <= end:
            ticked += 1
            clock.now = ticked
            meter.look()
        clock.now = end
        meter.take(
            step(
                f"r{ended}", ended=ended, planned=10_000, state="failed" if failing else "finished"
            )
        )
        if captured := capsys.readouterr().err:
            told += [clock.now] * len(captured.splitlines())
    hours = 10_000 * seconds_a_run / 3600
    assert len(told) < 250 + 125 * hours
    assert max(b - a for a, b in itertools.pairwise(told)) <= LONGEST_S + seconds_a_run + 1


def test_a_run_that_is_being_scored_has_not_ended(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    clock = Clock()
    meter = Meter("mine", tmp_path, clock=clock)
    submitted(tmp_path, "b")
    written(tmp_path, "b", steps=[39, 40])  # 20 s for its steps
    meter.take(beginning(planned=2))
    facts = {"seconds_per_step": 0.5, "seconds": 80.0, "steps": 40}
    one = step("a", ended=1, planned=2)
    last = replace(one.last or RunResult(run_id="r", state="finished"), facts=facts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: 50.0)  # of the 60 s that scoring takes, 30 have gone
        clock.now += 10
        meter.take(replace(one, last=last, seconds=130.0))
    capsys.readouterr()
    clock.now += LONGEST_S
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: 50.0)
        meter.look()
    line = capsys.readouterr().err.splitlines()[-1]
    part = (20 + 30) / 80
    left_s = (130 + LONGEST_S) / (1 + part) * (1 - part)
    assert line.startswith(f"mine 1/2 ETA {left_s:.0f} s  ")


def test_open_runs_are_those_submitted_since_and_are_as_far_as_their_journals(
    tmp_path: Path,
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    before = '{"event": "submitted", "run": "of_a_driver_before"}\n'
    ledger.write_text(before + '{"event": "ended", "run": "of_a_driver_before", "state": "fini')
    watch = OpenRuns(tmp_path)
    assert watch.progress() == {}
    ledger.write_text(before)  # the driver cuts what was torn
    submitted(tmp_path, "a", "b", "not_begun")
    written(tmp_path, "a", steps=list(range(1, 31)) * 9)
    written(tmp_path, "b", steps=[1])
    found = watch.progress()
    assert {run: (one.name, one.step, one.steps) for run, one in found.items()} == {
        "a": ("arm a", 30, 40),
        "b": ("arm b", 1, 40),
    }
    with ledger.open("a") as file:
        file.write('{"event": "ended", "run": "a"}\n{"event": "end')  # torn: not read before whole
    assert list(watch.progress()) == ["b"]


def test_the_time_left_follows_from_the_records_and_from_what_others_took(tmp_path: Path) -> None:
    written(tmp_path, "a", steps=[10, 12, 14, 30])
    one = progress_of(tmp_path / "runs" / "a", now_s=16.0)  # a second after the last record
    assert one is not None
    assert (one.seconds_per_step, one.seconds_since, one.share) == (0.5, 1.0, 0.75)
    assert one.seconds_left(beside_s=3, seconds_per_step=9) == pytest.approx(10 * 0.5 - 1 + 3)
    late = replace(one, seconds_since=9999.0)  # its clock, or a step that takes long
    assert late.seconds_left(beside_s=3, seconds_per_step=9) == pytest.approx(3)
    first = replace(one, seconds_per_step=None, step=0, seconds_since=0.0)
    assert first.seconds_left(beside_s=3, seconds_per_step=None) is None
    assert first.seconds_left(beside_s=3, seconds_per_step=2) == pytest.approx(83)
    scoring = replace(one, step=40, seconds_since=1.0)
    assert scoring.seconds_left(beside_s=3, seconds_per_step=None) == pytest.approx(2)


@pytest.mark.parametrize(
    ("task", "step", "steps", "left_s"),
    [
        ({"smoke": {"epochs": 1}}, 30, 60, 30 * 0.5 + 3),  # their epochs
        ({"smoke": {"epochs": 1}, "values": {"epochs": 20}}, 0, 40, 40 * 9 + 3),  # of what?
        ({}, 0, 40, 40 * 9 + 3),
        ({"smoke": {"epochs": 1}, "settings": {"train.steps": {}}}, 30, 40, 10 * 0.5 + 3),
    ],
)
def test_commands_are_counted_in_their_own_steps(
    tmp_path: Path, task: dict[str, Any], step: int, steps: int, left_s: float
) -> None:
    written(tmp_path, "a", steps=[10, 12, 14, 30])
    path = tmp_path / "runs" / "a" / "spec.json"
    spec = json.loads(path.read_text())
    spec["settings"]["task"] = {"name": "command", "values": {"epochs": 60}, **task}
    path.write_text(json.dumps(spec))
    one = progress_of(tmp_path / "runs" / "a", now_s=15.0)
    assert one is not None
    assert (one.step, one.steps) == (step, steps)
    assert one.seconds_left(beside_s=3, seconds_per_step=9) == pytest.approx(left_s)
    early = replace(one, seconds_per_step=None, step=0)  # others took 9 s for each of 40 steps
    assert early.seconds_left(beside_s=3, seconds_per_step=9) == pytest.approx(40 * 9 + 3)


def test_a_study_without_a_ledger_yet_has_no_open_runs(tmp_path: Path) -> None:
    assert OpenRuns(tmp_path / "absent").progress() == {}


def test_what_follows_the_last_run_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with Meter("mine", tmp_path) as meter:
        meter.take(step("one", ended=2))
        meter.say("scoring trivial baselines")
    assert capsys.readouterr().err.splitlines()[-1] == "mine: scoring trivial baselines"
