"""Sizes and checksums beside files, and pictures that are cut off."""

import os
from pathlib import Path

import pytest
from PIL import Image

from ablate.whole_files import CHECKSUMS, damaged, is_whole_png, record, set_aside


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.bin", "b.bin", "c.bin"):
        (tmp_path / name).write_bytes(b"0123456789" * 10)
    record(tmp_path, sorted(tmp_path.glob("*.bin")), beside={"later": b"xy"})
    (tmp_path / "later").write_bytes(b"xy")
    return tmp_path


def test_what_was_written_is_whole(folder: Path) -> None:
    assert damaged(folder) == {}


def test_files_may_be_on_the_disk_before_their_checksums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, bool]] = []
    path = tmp_path / "a.bin"
    path.write_bytes(b"1")
    monkeypatch.setattr(
        os,
        "fsync",
        lambda file: synced.append((os.fstat(file).st_ino, (tmp_path / CHECKSUMS).exists())),
    )
    record(tmp_path, [path], is_synced=True)
    own = (path.stat().st_ino, False)
    assert synced == [own, ((tmp_path / CHECKSUMS).stat().st_ino, False)]
    record(tmp_path, [path])
    assert own not in synced[2:]


def test_each_kind_of_damage_is_named(folder: Path) -> None:
    (folder / "a.bin").write_bytes(b"")
    (folder / "b.bin").write_bytes(b"0123456789" * 9 + bytes(10))
    (folder / "c.bin").unlink()
    assert damaged(folder) == {
        "a.bin": "has 0 bytes instead of 100",
        "b.bin": "holds other bytes than were written",
        "c.bin": "is missing",
    }
    for name in damaged(folder):
        set_aside(folder / name)
    assert damaged(folder) == {}
    (folder / "a.bin").write_bytes(b"new")
    record(folder, [folder / "a.bin"])
    assert not (folder / "a.bin.damaged").exists()


def test_a_damaged_file_of_checksums_is_named(folder: Path) -> None:
    (folder / CHECKSUMS).write_bytes(b'{"a.bin": [1')
    assert damaged(folder) == {CHECKSUMS: "is damaged"}
    (folder / CHECKSUMS).unlink()
    assert damaged(folder) == {}


def test_an_empty_or_truncated_picture_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("L", (32, 32)).save(path)
    content = path.read_bytes()
    assert is_whole_png(path)
    for part in (b"", content[:-1], content[1:], content[:4]):
        path.write_bytes(part)
        assert not is_whole_png(path)
    assert not is_whole_png(tmp_path / "absent.png")
