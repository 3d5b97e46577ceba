import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from ablate.errors import StoreError
from ablate.tracking import journal as module
from ablate.tracking.journal import JournalRecorder, read_journal


def events(path: Path) -> list[dict[str, object]]:
    return [event for _, event in read_journal(path)]


def recorder(path: Path) -> JournalRecorder:
    return JournalRecorder(path, ask=lambda reports: False)


def test_what_was_recorded_is_read_back_in_order_with_a_time(tmp_path: Path) -> None:
    journal = recorder(tmp_path / "j")
    journal.metrics({"train/loss": 0.5}, step=1)
    journal.image("fused/a", tmp_path / "fused" / "a.png", step=1)
    journal.report(0.25, step=2)
    journal.close()
    read = events(tmp_path / "j")
    assert all(isinstance(event.pop("time_ms"), int) for event in read)
    assert read == [
        {"kind": "metrics", "values": {"train/loss": 0.5}, "step": 1},
        {"kind": "image", "name": "fused/a", "path": "fused/a.png", "step": 1},
        {"kind": "rung", "value": 0.25, "step": 2},
    ]


def test_a_report_answers_what_the_driver_says(tmp_path: Path) -> None:
    asked: list[dict[int, float]] = []

    def ask(reports: Mapping[int, float]) -> bool:
        asked.append(dict(reports))
        return 2 in reports

    journal = JournalRecorder(tmp_path / "j", ask=ask)
    assert [journal.report(0.1, step=1), journal.report(0.2, step=2)] == [False, True]
    assert asked == [{1: 0.1}, {1: 0.1, 2: 0.2}]
    journal.close()


def test_a_run_that_goes_on_writes_no_step_twice_and_still_knows_its_rungs(tmp_path: Path) -> None:
    first = recorder(tmp_path / "j")
    for step in (1, 2):
        first.metrics({"train/loss": 1.0 / step}, step=step)
    first.report(0.5, step=2)
    first.image("fused/a", tmp_path / "a.png", step=2)
    first.close()
    before = (tmp_path / "j").read_bytes()

    asked: list[dict[int, float]] = []

    def ask(reports: Mapping[int, float]) -> bool:
        asked.append(dict(reports))
        return False

    again = JournalRecorder(tmp_path / "j", ask=ask)
    for step in (1, 2):
        again.metrics({"train/loss": 1.0 / step}, step=step)
    again.report(0.5, step=2)
    again.image("fused/a", tmp_path / "a.png", step=2)
    assert (tmp_path / "j").read_bytes() == before
    again.metrics({"train/loss": 0.3, "val/qabf": 0.1}, step=3)
    again.metrics({"val/mi": 2.0}, step=2)  # another name of a known step is news
    again.report(0.7, step=3)
    again.close()
    assert asked == [{2: 0.5}, {2: 0.5, 3: 0.7}]
    assert [event["step"] for event in events(tmp_path / "j")[4:]] == [3, 2, 3]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_values_that_are_not_finite_stay_plain_json_and_come_back(
    tmp_path: Path, value: float
) -> None:
    journal = recorder(tmp_path / "j")
    journal.metrics({"train/loss": value}, step=0)
    journal.report(value, step=0)
    journal.close()

    def refuse(text: str) -> None:
        raise AssertionError(text)

    lines = (tmp_path / "j").read_text().splitlines()
    read = [json.loads(line, parse_constant=refuse) for line in lines]
    assert float(read[0]["values"]["train/loss"]) == pytest.approx(value, nan_ok=True)
    assert float(read[1]["value"]) == pytest.approx(value, nan_ok=True)


def test_a_torn_last_line_is_left_out_and_cut_before_more_is_written(tmp_path: Path) -> None:
    path = tmp_path / "j"
    first = recorder(path)
    first.metrics({"a": 1.0}, step=0)
    first.close()
    with path.open("ab") as file:
        file.write(b'{"kind": "metrics", "val')
    assert len(events(path)) == 1
    again = recorder(path)
    again.metrics({"a": 2.0}, step=1)
    again.close()
    assert [event["step"] for event in events(path)] == [0, 1]


def test_reading_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = recorder(path)
    for step in range(4):
        journal.metrics({"ä": 1.0}, step=step)
    offsets = [offset for offset, _ in read_journal(path)]
    rest = [event["step"] for _, event in read_journal(path, after=offsets[1])]
    assert rest == [2, 3]
    assert offsets[-1] == path.stat().st_size
    assert list(read_journal(path, after=offsets[-1])) == []
    journal.close()


def test_a_journal_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    assert list(read_journal(tmp_path / "none")) == []


def test_a_damaged_whole_line_is_named_with_its_place_and_the_mend(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(b'{"kind":"rung","value":1,"step":1,"time_ms":1}\n\x00\x00\x00\n')
    with pytest.raises(StoreError, match=r"damaged at byte 47.*starts over"):
        events(path)


def test_a_killed_writer_loses_no_event_that_it_had_recorded(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from ablate.tracking.journal import JournalRecorder\n"
        "journal = JournalRecorder(Path(sys.argv[1]), ask=lambda reports: False)\n"
        "for step in range(50):\n"
        "    journal.metrics({'a': 1.0}, step=step)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "j")], check=False, env={**os.environ}
    )
    assert [event["step"] for event in events(tmp_path / "j")] == list(range(50))


def test_the_journal_is_imported_without_mlflow_or_torch() -> None:
    code = (
        "import sys, ablate.tracking.journal, ablate.tracking.address\n"
        "assert not {'mlflow', 'torch', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_training_thread_never_waits_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, free = threading.Event(), threading.Event()
    synced: list[str] = []

    def slow(file: int) -> None:
        synced.append(threading.current_thread().name)
        began.set()
        assert free.wait(10)

    monkeypatch.setattr(module, "SYNC_EVERY_S", 0.0)
    monkeypatch.setattr("ablate.tracking.journal.os.fsync", slow)
    journal = recorder(tmp_path / "j")
    for step in range(50):
        journal.metrics({"loss": 1.0}, step=step)  # would stand still at the first
    assert began.wait(10)
    assert synced == ["journal"]  # one at a time
    assert len(events(tmp_path / "j")) == 50
    free.set()
    journal.close()
    assert synced[-1] == threading.current_thread().name


def test_a_fault_of_the_disk_is_raised_by_the_next_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "SYNC_EVERY_S", 0.0)
    monkeypatch.setattr("ablate.tracking.journal.os.fsync", full)
    journal = recorder(tmp_path / "j")
    journal.metrics({"loss": 1.0}, step=1)
    with pytest.raises(OSError, match="No space left"):
        journal.flush()
    with pytest.raises(OSError, match="No space left"):
        journal.close()
