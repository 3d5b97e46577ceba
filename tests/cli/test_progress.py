"""The line after every run: nobody has to read it, and names in it are no markup."""

import contextlib
import json
import os
import sys
from pathlib import Path

import pytest

from ablate.cli.progress import Meter, OpenRun, Watch
from ablate.study.driver import Progress
from ablate.training.spec import RunResult, State


def step(name: str, *, ended: int = 1, planned: int = 2, state: State = "finished") -> Progress:
    return Progress(
        ended=ended, planned=planned, open=1, last=RunResult(run_id="r", state=state),
        last_name=name, seconds=1.0, resumed=0,
    )  # fmt: skip


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


def written(folder: Path, run: str, *, steps: list[int]) -> None:
    place = folder / "runs" / run
    place.mkdir(parents=True, exist_ok=True)
    spec = {"name": f"arm {run}", "settings": {"train": {"steps": 40}}}
    (place / "spec.json").write_text(json.dumps(spec))
    lines = [json.dumps({"kind": "metrics", "step": one}) + "\n" for one in steps]
    (place / "journal.jsonl").write_text("".join(lines) + '{"kind": "metr')


def test_open_runs_are_those_submitted_since_and_are_as_far_as_their_journals(
    tmp_path: Path,
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    before = '{"event": "submitted", "run": "of_a_driver_before"}\n'
    ledger.write_text(before + '{"event": "ended", "run": "of_a_driver_before", "state": "fini')
    watch = Watch(tmp_path)
    assert watch.look() == {}
    ledger.write_text(before)  # the driver cuts what was torn
    with ledger.open("a") as file:
        for event, run in (("submitted", "a"), ("submitted", "b"), ("submitted", "not_begun")):
            file.write(json.dumps({"event": event, "run": run}) + "\n")
    written(tmp_path, "a", steps=list(range(1, 31)) * 9)
    written(tmp_path, "b", steps=[1])
    assert watch.look() == {
        "a": OpenRun(name="arm a", step=30, steps=40),
        "b": OpenRun(name="arm b", step=1, steps=40),
    }
    with ledger.open("a") as file:
        file.write('{"event": "ended", "run": "a"}\n{"event": "end')  # torn: not read before whole
    assert list(watch.look()) == ["b"]


def test_a_study_without_a_ledger_yet_has_no_open_runs(tmp_path: Path) -> None:
    assert Watch(tmp_path / "absent").look() == {}
