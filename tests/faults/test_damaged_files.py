"""Files that a crash left torn or truncated: the run goes on, and its numbers stay."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event

import pytest

from ablate.execution.run_folder import read_result
from ablate.execution.worker import work
from ablate.tracking.journal import JournalRecorder, read_journal
from ablate.training import loop
from ablate.training.checkpoints import BEFORE, NEWEST, Checkpoints, LeaveError
from ablate.training.spec import JOURNAL, RunResult, RunSpec
from tests.training.conftest import SETTINGS

STEPS, LEFT_AFTER = 12, 8


def made() -> RunSpec:
    settings = {**SETTINGS, "train": {**SETTINGS["train"], "steps": STEPS}}
    return RunSpec(
        run_id="r", arm_id="a", study="s", phase="p", trial=0, seed=0, name="r", settings=settings
    )


def answer(reports: Mapping[int, float]) -> bool:
    del reports
    return False


def points(folder: Path) -> list[tuple[str, int, object]]:
    return [
        (name, event["step"], value)
        for _, event in read_journal(folder / JOURNAL)
        if event["kind"] == "metrics"
        for name, value in event["values"].items()
        if not name.startswith("system/")
    ]


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a run that was left after step 8, with a checkpoint of step 7 too."""
    folder, leave, record = tmp_path / "left", Event(), loop.record
    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "is_due", lambda self: True)  # as if every step took long

        def leaving(*things: object, step: int) -> None:
            record(*things, step=step)  # type: ignore[arg-type]
            if step == LEFT_AFTER:
                leave.set()

        patched.setattr(loop, "record", leaving)
        with pytest.raises(LeaveError):
            work(made(), folder, ask=answer, leave=leave)
    assert (folder / NEWEST).exists()
    assert (folder / BEFORE).exists()
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunResult, Path]:
    folder = tmp_path_factory.mktemp("whole") / "run"
    return work(made(), folder, ask=answer), folder


def tear_journal(folder: Path) -> None:
    with (folder / JOURNAL).open("ab") as file:
        file.write(b'{"kind": "metrics", "values": {"train/lo')


def fill_journal_with_zeros(folder: Path) -> None:
    with (folder / JOURNAL).open("ab") as file:
        file.write(bytes(512))  # as a file system leaves it after a loss of power


def truncate_newest(folder: Path) -> None:
    path = folder / NEWEST
    path.write_bytes(path.read_bytes()[:-100])


def truncate_both(folder: Path) -> None:
    truncate_newest(folder)
    (folder / BEFORE).write_bytes(b"")


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a torn journal": (tear_journal, "bytes at its end are an incomplete event; cut off"),
    "zeros behind a journal": (fill_journal_with_zeros, "an incomplete event; cut off"),
    "a truncated checkpoint": (truncate_newest, "the one before it is used"),
    "two truncated checkpoints": (truncate_both, "the one before it is used"),
}


@pytest.mark.parametrize("name", list(DAMAGES))
def test_a_run_goes_on_behind_the_damage_and_says_so(
    left: Path, whole: tuple[RunResult, Path], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    damage, text = DAMAGES[name]
    damage(left)
    with caplog.at_level(logging.WARNING):
        result = work(made(), left, ask=answer)
    assert text in caplog.text
    assert result.metrics == whole[0].metrics
    assert result.images == whole[0].images
    assert points(left) == points(whole[1])  # no point is lost, none stands twice


def test_without_damage_nothing_is_said(
    left: Path, whole: tuple[RunResult, Path], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert work(made(), left, ask=answer).metrics == whole[0].metrics
    assert not caplog.records


def test_a_result_that_is_there_stands_and_nothing_is_trained_again(
    left: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = work(made(), left, ask=answer)

    def never(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("ablate.training.loop.train", never)
    assert work(made(), left, ask=answer) == first == read_result(left)


def test_zeros_between_events_behind_the_last_sync_are_cut_and_taken_again(
    left: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = left / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines, bytes(len(lines[-1])), lines[-1], lines[-1]]))
    with caplog.at_level(logging.WARNING):
        recorder = JournalRecorder(journal, ask=answer)
    recorder.close()
    assert "is not an event; cut off there" in caplog.text
    assert journal.read_bytes() == b"".join(lines)
