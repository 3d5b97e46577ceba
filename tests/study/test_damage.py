"""Damaged files of ended runs, found by checksum or by form, and set aside."""

from pathlib import Path

import pytest
from PIL import Image

from ablate.execution.worker import write_result
from ablate.store_folder import LEDGER
from ablate.study import damage
from ablate.study.ledger import Ledger
from ablate.training.spec import JOURNAL, RESULT, WEIGHTS, RunResult
from ablate.whole_files import CHECKSUMS

EVENT = '{"kind": "metrics", "values": {"train/loss": 0.5}, "step": %d, "time_ms": 1}\n'


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return the folder of an ended run with a journal, weights and two pictures."""
    folder = tmp_path / "runs" / "r"
    (folder / "fused").mkdir(parents=True)
    (tmp_path / LEDGER).touch()
    (folder / JOURNAL).write_text("".join(EVENT % step for step in range(4)))
    (folder / WEIGHTS).write_bytes(b"weights")
    for name in "ab":
        Image.new("L", (8, 8)).save(folder / "fused" / f"{name}.png")
    write_result(folder, RunResult(run_id="r", state="finished", metrics={"val/qabf": 0.5}))
    return folder


def found(run: Path) -> dict[str, str]:
    return {one.name: one.what for one in damage.find(Ledger(run.parents[1]))}


def test_whole_files_are_left_alone(run: Path) -> None:
    assert found(run) == {}
    assert damage.fix(Ledger(run.parents[1])) == []
    assert damage.in_words(Ledger(run.parents[1])) == ""


@pytest.mark.parametrize("has_checksums", [True, False])
def test_an_empty_picture_and_a_damaged_journal_are_set_aside(
    run: Path, has_checksums: bool
) -> None:
    if not has_checksums:
        (run / CHECKSUMS).unlink()  # as a version before them left it
    (run / "fused" / "a.png").write_bytes(b"")
    lines = (EVENT % 0, EVENT % 1, "x" * len(EVENT % 2) + "\n", EVENT % 3)
    (run / JOURNAL).write_text("".join(lines))
    assert set(found(run)) == {"fused/a.png", JOURNAL}
    assert len(damage.fix(Ledger(run.parents[1]))) == 2
    assert found(run) == {}
    assert (run / JOURNAL).read_text() == EVENT % 0 + EVENT % 1
    assert damage.in_words(Ledger(run.parents[1])) == (
        "2 files were damaged and left out: runs/r/fused/a.png, runs/r/journal.jsonl."
    )


def test_zeros_in_weights_and_a_missing_picture_are_seen_by_checksum(run: Path) -> None:
    (run / WEIGHTS).write_bytes(bytes(7))
    (run / "fused" / "b.png").unlink()
    assert found(run) == {
        WEIGHTS: "holds other bytes than were written",
        "fused/b.png": "is missing",
    }
    damage.fix(Ledger(run.parents[1]))
    assert found(run) == {}
    assert not (run / WEIGHTS).exists()


@pytest.mark.parametrize("content", [b"", b'{"run_id": "r"', None])
def test_a_run_with_a_damaged_result_is_made_anew(run: Path, content: bytes | None) -> None:
    whole = (run / RESULT).read_bytes()
    (run / RESULT).write_bytes(whole.replace(b"0.5", b"0.6") if content is None else content)
    assert set(found(run)) == {RESULT}
    damage.fix(Ledger(run.parents[1]))
    ledger = Ledger(run.parents[1])
    assert (ledger.results, ledger.unreadable, damage.find(ledger)) == ({}, {}, [])
    (aside,) = (run.parents[1] / damage.PLACE).iterdir()
    assert aside.name.startswith("r-")
