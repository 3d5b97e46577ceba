"""A file is the old one or the whole new one, whoever fails or writes beside."""

import json
import os
import threading
from pathlib import Path

import pytest

from ablate.writing import replacing, write_json


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})
    with pytest.raises(TypeError, match="serializable"):
        write_json(path, {"new": object()})
    with pytest.raises(KeyboardInterrupt):
        interrupted(path)
    assert json.loads(path.read_text(encoding="utf-8")) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def interrupted(path: Path) -> None:
    with replacing(path) as beside:
        beside.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt


def test_a_folder_that_is_not_there_is_the_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_json(tmp_path / "none" / "a.json", 1)


def test_the_content_is_on_the_disk_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append((tmp_path / "a.json").exists()))
    write_json(tmp_path / "a.json", "é")
    assert synced == [False]
    with replacing(tmp_path / "b") as beside:
        beside.write_bytes(b"1")
    assert len(synced) == 1


def test_what_killed_writers_left_is_removed_by_one_that_is_alone(tmp_path: Path) -> None:
    path = tmp_path / "a[1].db"
    for name in (".a[1].db.0123abcd", ".a[1].db.new-journal", ".a1.db.x", ".a[1].dbx"):
        (tmp_path / name).write_text("left", encoding="utf-8")
    with replacing(path, is_alone=True) as beside:
        beside.write_text("new", encoding="utf-8")
    assert {one.name for one in tmp_path.iterdir()} == {path.name, ".a1.db.x", ".a[1].dbx"}


def test_writers_that_meet_leave_one_of_their_files_whole(tmp_path: Path) -> None:
    path, texts = tmp_path / "a", [str(digit) * 200_000 for digit in range(4)]

    def write(text: str) -> None:
        for _ in range(20):
            with replacing(path) as beside:
                beside.write_text(text, encoding="utf-8")

    writers = [threading.Thread(target=write, args=(text,)) for text in texts]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert not path.exists() or path.read_text(encoding="utf-8") in texts
    assert path.read_text(encoding="utf-8") in texts
    assert list(tmp_path.iterdir()) == [path]
