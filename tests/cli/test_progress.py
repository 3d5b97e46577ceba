"""The line after every run: nobody has to read it, and names in it are no markup."""

import contextlib
import itertools
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.cli.progress import LINE_EVERY_S, LONGEST_S, Meter
from ablate.study.driver import Progress
from ablate.training.spec import RunResult, State
from tests.study.test_open_runs import submitted
from tests.study.test_run_progress import written


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


def test_what_follows_the_last_run_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with Meter("mine", tmp_path) as meter:
        meter.take(step("one", ended=2))
        meter.say("scoring trivial baselines")
    assert capsys.readouterr().err.splitlines()[-1] == "mine: scoring trivial baselines"
