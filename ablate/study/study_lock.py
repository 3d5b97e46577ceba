"""The study lock: one driver per study, held by a lock on this machine and a heartbeat for others.

The lock of the operating system goes with its process, so a kill leaves none behind. On a network
folder it may not reach other machines: there the driver's heartbeat does, a small file that
changes every few seconds. One that another machine left is watched before its study is taken.
"""

import contextlib
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from ablate.errors import BusyError, StoreError
from ablate.study.open_runs import OpenRuns, whole_bytes
from ablate.writing import write_json

logger = logging.getLogger(__name__)
LOCK, SIGN = "driver.lock", "driver.json"
BEAT_EVERY_S = 5.0
WATCHED_S = 30.0  # several beats, and what network folders take to show a change
LOOK_EVERY_S = 0.5
CLOCKS_DIFFER_S = 3600.0  # at most, between two machines
LOOK_TAKES_S = 0.5  # more than `is_locked` holds the lock of a study that nobody runs


@contextlib.contextmanager
def study_lock(folder: Path, study: str) -> Iterator[None]:
    """Hold the study in a folder while the block lasts.

    Raises:
        BusyError: A driver runs the study, here or on another machine.
        StoreError: The folder cannot be written.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=LOOK_TAKES_S)
    except OSError as error:
        if not isinstance(error, Timeout):
            raise StoreError(
                f"{folder}: cannot be written: {error.strerror or error}; give rights, or name a "
                "writable folder with --store"
            ) from error
        raise _busy(folder, study, "another driver") from None
    except NotImplementedError:  # so filelock says it
        raise StoreError(
            f"{folder}: its file system has no locks; name a folder on another one with --store"
        ) from None
    try:
        _watch(folder, study)
        sign, done, before = folder / SIGN, threading.Event(), whole_bytes(folder)
        beating = threading.Thread(target=_beat, args=(sign, done, before), daemon=True)
        _write(sign, 0, before)
        beating.start()
        try:
            yield
        finally:
            done.set()
            beating.join()
            with contextlib.suppress(OSError):
                sign.unlink(missing_ok=True)
    finally:
        lock.release()


def is_locked(folder: Path) -> bool:
    """Return whether a driver on this machine holds the study's lock."""
    if not (folder / LOCK).exists():
        return False
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except (OSError, NotImplementedError):  # it cannot be written or locked: nothing runs in it
        return False
    lock.release()
    return False


def host_of_driver(folder: Path) -> str | None:
    """Return the host of the driver that runs the study, None where nobody does.

    A heartbeat that a driver on another machine left is watched for up to half a minute.
    """
    if is_locked(folder):
        return socket.gethostname()
    first = _read(folder / SIGN)
    host = str(first.get("host", ""))
    if host in ("", socket.gethostname()):
        return None
    now = _changed(folder / SIGN, first)
    return str(now.get("host", host)) if now else None


def open_runs(folder: Path) -> list[str]:
    """Return the ids of the runs that the driver of the study, if there is one, has submitted.

    A driver on another machine is known by its heartbeat, which may take some seconds.
    """
    before = _read(folder / SIGN).get("ledger_bytes")
    if not isinstance(before, int) or not (is_locked(folder) or _lives_elsewhere(folder / SIGN)):
        return []
    return OpenRuns(folder, read=before).ids()


def _lives_elsewhere(sign: Path) -> bool:
    """Return whether a driver on another machine changes its heartbeat.

    One that is as old as a few beats is believed, one older than an hour is not; between them
    the clocks of two machines may differ, and the next beat is waited for.
    """
    first = _read(sign)
    try:
        age_s = time.time() - sign.stat().st_mtime
    except OSError:
        return False
    if first.get("host") in (None, socket.gethostname()) or abs(age_s) > CLOCKS_DIFFER_S:
        return False
    if 0 <= age_s < 2 * BEAT_EVERY_S:
        return True
    until = time.monotonic() + BEAT_EVERY_S + LOOK_EVERY_S
    while time.monotonic() < until:
        time.sleep(LOOK_EVERY_S)
        if (now := _read(sign)) != first:
            return bool(now)
    return False


def _watch(folder: Path, study: str) -> None:
    """Return once no driver on another machine beats; the clock of that machine is not needed."""
    first = _read(folder / SIGN)
    host = str(first.get("host", ""))
    if host in ("", socket.gethostname()):
        return  # a driver of this machine, whose lock is free
    logger.warning(
        "%s: its last driver ran on %s and did not end it; watching its heartbeat for %.0f s",
        study,
        host,
        WATCHED_S,
    )
    if now := _changed(folder / SIGN, first):
        raise _busy(folder, study, f"a driver on {now.get('host', host)}")


def _changed(sign: Path, first: dict[str, object]) -> dict[str, object]:
    """Return the heartbeat once it differs; empty when it goes, or stays the same too long."""
    until = time.monotonic() + WATCHED_S
    while time.monotonic() < until:
        time.sleep(LOOK_EVERY_S)
        now = _read(sign)
        if now != first:
            return now
    return {}


def _beat(sign: Path, done: threading.Event, before: int) -> None:
    beats = 0
    while not done.wait(BEAT_EVERY_S):
        beats += 1
        with contextlib.suppress(OSError):  # a full disk is noticed by what has to be written
            _write(sign, beats, before)


def _write(sign: Path, beats: int, before: int) -> None:
    values = {
        "host": socket.gethostname(),
        "process": os.getpid(),
        "beats": beats,
        "ledger_bytes": before,
    }
    write_json(sign, values)


def _read(sign: Path) -> dict[str, object]:
    """Return the heartbeat, empty where there is none."""
    try:
        found = json.loads(sign.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _busy(folder: Path, study: str, who: str) -> BusyError:
    return BusyError(
        f"{folder}: {who} runs the study {study}; wait for it, or watch it with "
        f"`ablate status {study}`"
    )
