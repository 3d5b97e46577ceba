"""A run is open from its submission to its end, as any reader of the ledger sees it."""

import json
from pathlib import Path

from ablate.study.open_runs import OpenRuns
from tests.study.test_run_progress import written


def submitted(folder: Path, *runs: str) -> None:
    with (folder / "ledger.jsonl").open("a") as file:
        for run in runs:
            file.write(json.dumps({"event": "submitted", "run": run}) + "\n")


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


def test_a_study_without_a_ledger_yet_has_no_open_runs(tmp_path: Path) -> None:
    assert OpenRuns(tmp_path / "absent").progress() == {}


def test_a_torn_line_is_read_when_it_is_whole(tmp_path: Path) -> None:
    line = json.dumps({"event": "submitted", "run": "a"})
    runs = OpenRuns(tmp_path, read=0)
    assert runs.ids() == []
    (tmp_path / "ledger.jsonl").write_text(line[:9])
    assert runs.ids() == []
    (tmp_path / "ledger.jsonl").write_text(line + "\n")
    assert runs.ids() == ["a"]
