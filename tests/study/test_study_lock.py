"""One driver per study, on this machine and where the lock does not reach the other one."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from ablate.errors import BusyError, StoreError
from ablate.study import study_lock as module
from ablate.study.study_lock import LOCK, SIGN, is_locked, study_lock


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_EVERY_S", 0.02)
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(module, "WATCHED_S", 0.4)


@contextlib.contextmanager
def on_host(name: str, patch: pytest.MonkeyPatch) -> Iterator[None]:
    with patch.context() as inside:
        inside.setattr(socket, "gethostname", lambda: name)
        yield


def sign(folder: Path, host: str, beats: int = 0) -> None:
    (folder / SIGN).write_text(json.dumps({"host": host, "process": 1, "beats": beats}))


def test_one_at_a_time_and_nothing_is_left_of_it(tmp_path: Path) -> None:
    with study_lock(tmp_path, "mine"):
        assert is_locked(tmp_path)
        with (
            pytest.raises(BusyError, match="another driver runs the study mine; wait"),
            study_lock(tmp_path, "mine"),
        ):
            pass
        assert (tmp_path / SIGN).exists()
    assert not is_locked(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] in ([LOCK], [])
    with study_lock(tmp_path, "mine"):
        pass


def test_what_a_killed_driver_of_this_machine_left_is_taken_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sign(tmp_path, socket.gethostname())
    with study_lock(tmp_path, "mine"):
        pass
    assert not caplog.records


def test_a_driver_that_lives_on_another_machine_is_seen_without_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with study_lock(tmp_path, "mine"):
        (tmp_path / LOCK).unlink()  # as on a folder that does not pass locks on
        with (
            on_host("elsewhere", monkeypatch),
            pytest.raises(BusyError, match=f"a driver on {socket.gethostname()} runs the study"),
            study_lock(tmp_path, "mine"),
        ):
            pass


def test_a_driver_that_died_on_another_machine_is_watched_then_followed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sign(tmp_path, "elsewhere")
    with study_lock(tmp_path, "mine"):
        assert json.loads((tmp_path / SIGN).read_text())["host"] == socket.gethostname()
    assert "its last driver ran on elsewhere and did not end it" in caplog.text


def test_a_driver_that_ends_while_it_is_watched_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WATCHED_S", 60.0)
    sign(tmp_path, "elsewhere")
    timer = threading.Timer(0.1, (tmp_path / SIGN).unlink)
    timer.start()
    started = time.monotonic()
    with study_lock(tmp_path, "mine"):
        assert time.monotonic() - started < 30


@pytest.mark.parametrize("content", ["", "{", "[1]", "[" * 5000, '{"host": 3}', "\0"])
def test_a_sign_that_cannot_be_read_stands_in_nobodys_way_for_long(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / SIGN).write_text(content)
    with study_lock(tmp_path, "mine"):
        assert is_locked(tmp_path)


def test_a_file_system_without_locks_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(self: FileLock, **_: object) -> None:
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr(FileLock, "acquire", none)
    with (
        pytest.raises(StoreError, match="has no locks; name a folder"),
        study_lock(tmp_path, "mine"),
    ):
        pass
    (tmp_path / LOCK).touch()
    assert not is_locked(tmp_path)
