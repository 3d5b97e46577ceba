"""The attempts of one run: each has a folder of its own, and a lock that its processes hold.

A later attempt begins when all processes of those before it have ended, so that no late one writes
beside it; it goes on in a copy of what they left where they had saved something, else from nothing.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ablate.errors import StoreError
from ablate.training.tasks.command import guard
from ablate.training.tasks.command.process import MARK
from ablate.writing import write_json

RUNS: Final = "runs"  # in the folder of a study: the folders of its runs
ATTEMPTS: Final = "attempts"  # beside it: what runs need until they have ended
TREE, LOCK, MARKED, STAGES, OUTPUT = "tree", "lock", "mark", "stages", "output.log"
LATE_S: Final = 60.0  # until processes that were killed have to be gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to make a run.

    Args:
        folder: Its own.
        lock: The open file that its processes hold.
        mark: By which its processes are known.
        number: From 1.
        stages: Commands of the run that have ended before it.
        goes_on: Whether its tree is that of an attempt before it.
    """

    folder: Path
    lock: int
    mark: str
    number: int
    stages: int = 0
    goes_on: bool = False

    @property
    def tree(self) -> Path:
        """The copy of their code in which it runs."""
        return self.folder / TREE

    @property
    def output(self) -> Path:
        """What the commands print."""
        return self.folder / OUTPUT

    def note(self, stages: int) -> None:
        """Note how many commands have ended well."""
        write_json(self.folder / STAGES, stages)


def place_of(run: Path) -> Path:
    """Return the folder of the attempts of a run: outside of its own, which holds no links."""
    run = run.resolve()
    if run.parent.name == RUNS:
        return run.parents[1] / ATTEMPTS / run.name
    return run.with_name(f"{run.name}-{ATTEMPTS}")


@contextlib.contextmanager
def attempt(run: Path, code: Path, *, saved: str, again: bool = False) -> Iterator[Attempt]:
    """Yield the next attempt of a run, with its tree; its lock is free afterwards.

    Args:
        run: Folder of the run, whose lock the worker holds.
        code: The code to copy.
        saved: Path or pattern of what they save and go on from; "" where they cannot.
        again: Whether to begin from nothing whatever there is.

    Raises:
        StoreError: Processes of an earlier attempt do not end.
    """
    place = place_of(run)
    place.mkdir(parents=True, exist_ok=True)
    earlier = sorted((int(one.name), one) for one in place.iterdir() if one.name.isdigit())
    for _, one in earlier:
        _end(one)
    number = earlier[-1][0] + 1 if earlier else 1
    folder, before = place / str(number), earlier[-1][1] if earlier else None
    folder.mkdir()
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = secrets.token_hex(8)
        (folder / MARKED).write_text(mark, encoding="ascii")
        goes_on = bool(before and saved and not again and any((before / TREE).glob(saved)))
        source = before / TREE if before and goes_on else code
        shutil.copytree(source, folder / TREE, symlinks=True)
        yield Attempt(
            folder=folder,
            lock=lock,
            mark=mark,
            number=number,
            stages=_stages(before) if before and goes_on else 0,
            goes_on=goes_on,
        )
        for _, one in earlier:
            shutil.rmtree(one, ignore_errors=True)
    finally:
        os.close(lock)


def clear(run: Path) -> None:
    """Remove the attempts of a run that has ended."""
    shutil.rmtree(place_of(run), ignore_errors=True)


def _stages(folder: Path) -> int:
    try:
        return int((folder / STAGES).read_text("ascii"))
    except (OSError, ValueError):
        return 0


def _end(folder: Path) -> None:
    """End the processes of an attempt, and wait until its lock is free."""
    with contextlib.suppress(OSError):
        guard.end(f"{MARK}={(folder / MARKED).read_text('ascii')}".encode())
    try:
        lock = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return  # killed before there was one
    try:
        give_up = time.monotonic() + LATE_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > give_up:
                    raise StoreError(
                        f"{folder}: processes of a killed run do not end; end those that hold "
                        f"{folder / LOCK} (lsof names them), then the same command goes on"
                    ) from None
            time.sleep(0.05)
    finally:
        os.close(lock)
