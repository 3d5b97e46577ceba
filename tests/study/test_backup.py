"""A copy of a study that is made while a driver may be writing."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from ablate.errors import StoreError, UnknownNameError
from ablate.study.backup import PIECE, backup, copy_file


@pytest.fixture
def store(tmp_path: Path) -> Path:
    store = tmp_path / "s"
    for run, files in {
        "ended": ("result.json", "checksums.json", "journal.jsonl", "fused/a.png", "shipped.json"),
        "open": ("journal.jsonl", "checkpoint.pt", "worker.lock", ".result.json.1a"),
    }.items():
        for name in files:
            path = store / "mine" / "runs" / run / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{run} {name}")
    (store / "mine" / "ledger.jsonl").write_bytes(b'{"event": "start"}\n{"event": "sub')
    return store


def test_a_backup_holds_whole_events_and_what_runs_go_on_from(store: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    target.mkdir()
    assert backup("mine", store=store, target=target) == 1
    found = {
        path.relative_to(target / "mine").as_posix()
        for path in (target / "mine").rglob("*")
        if path.is_file()
    }
    assert found == {
        "ledger.jsonl",
        "runs/ended/result.json",
        "runs/ended/checksums.json",
        "runs/ended/journal.jsonl",
        "runs/ended/fused/a.png",
        "runs/open/journal.jsonl",
        "runs/open/checkpoint.pt",
    }
    assert (target / "mine" / "ledger.jsonl").read_bytes() == b'{"event": "start"}\n'
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_backup_replaces_nothing(store: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is there already"):
        backup("mine", store=store, target=store)
    with pytest.raises(UnknownNameError, match="mine"):
        backup("mind", store=store, target=tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_file_with_holes_is_copied_with_its_holes(store: Path, tmp_path: Path) -> None:
    large = store / "mine" / "runs" / "ended" / "of_a_plug_in.bin"
    with large.open("wb") as file:
        file.truncate(40 * 10**9)
        file.seek(20 * 10**9 + 5)
        file.write(b"in the middle")
    assert backup("mine", store=store, target=tmp_path / "copy") == 1
    copied = tmp_path / "copy" / "mine" / "runs" / "ended" / "of_a_plug_in.bin"
    assert copied.stat().st_size == 40 * 10**9
    assert copied.stat().st_blocks * 512 < 10**6
    with copied.open("rb") as file:
        file.seek(20 * 10**9 + 4)
        assert file.read(15) == b"\0in the middle\0"


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, 3 * PIECE + 7])
@pytest.mark.parametrize("tail", [0, 5 * PIECE])
def test_a_copy_of_a_file_has_its_bytes(size: int, tail: int, tmp_path: Path) -> None:
    content = bytes(at % 251 for at in range(size))
    with (tmp_path / "a").open("wb") as file:
        file.write(content)
        file.truncate(size + tail)
    copy_file(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == content + bytes(tail)


def test_no_room_is_said_before_anything_is_copied(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (store / "mine" / "runs" / "open" / "large.bin").write_bytes(b"x" * 3_000_000)
    usage = SimpleNamespace(free=2_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    with pytest.raises(
        StoreError, match=r"takes 3 MB, 2 MB are free \(largest: \S+large\.bin \(3 MB"
    ):
        backup("mine", store=store, target=tmp_path / "deep" / "copy")
    assert not (tmp_path / "deep").exists()


def test_what_lies_beside_the_runs_is_not_copied(store: Path, tmp_path: Path) -> None:
    (store / "mine" / "notes.txt").write_text("mine")
    (store / "mine" / "runs" / "ended" / "of_a_plug_in.txt").write_text("theirs")
    backup("mine", store=store, target=tmp_path / "copy")
    assert not (tmp_path / "copy" / "mine" / "notes.txt").exists()
    assert (tmp_path / "copy" / "mine" / "runs" / "ended" / "of_a_plug_in.txt").is_file()
