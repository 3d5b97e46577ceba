"""A run's folder where worker and driver share none: the worker sends what it writes.

The driver's folder stays the truth. Before a run the worker is sent what is there; while it works
it sends what the journal has gained, and every other file that is new. The journal goes before the
checkpoint, so that a checkpoint never knows of a step that the journal lacks.
"""

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from ablate.errors import StoreError
from ablate.execution.worker import JOURNAL, RESULT
from ablate.writing import replacing

SEND_EVERY_S = 1.0
LONGEST_PATH = 200
OF_THE_DRIVER = ("shipped.json",)
CHECKPOINTS = "checkpoint"


class Line(Protocol):
    """Where messages and bytes go; one caller at a time."""

    def send(self, message: Mapping[str, Any], content: bytes | None = None) -> None:
        """Send a message, and bytes that belong to it."""


def files_of(folder: Path) -> Iterator[Path]:
    """Yield what belongs to a run in its folder: the journal, others, checkpoints, the result."""
    found = [
        path
        for path in folder.rglob("*")
        if path.is_file() and _is_of_the_run(path.relative_to(folder).as_posix())
    ]
    yield from sorted(found, key=_rank)


def write(folder: Path, message: Mapping[str, Any], content: bytes | None) -> None:
    """Write a part of a file that the other side sent.

    Args:
        folder: Of the run.
        message: `file`, relative to it, and `at`, the offset of the content, or None for a whole
            file, which is written beside and renamed.
        content: The bytes; None for a file that is gone.

    Raises:
        StoreError: The file would lie elsewhere, or is none of a run's.
    """
    name, at = message["file"], message["at"]
    if not isinstance(name, str) or not _is_of_the_run(name):
        raise StoreError(f"{folder}: a worker sent the file {str(name)[:LONGEST_PATH]!r}; refused")
    path = folder / name
    if content is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if at is None:
        with replacing(path) as beside:
            beside.write_bytes(content)
        return
    with path.open("r+b" if path.exists() else "wb") as file:
        file.seek(int(at))
        file.write(content)
        file.truncate()


class Mirror:
    """A folder of its own for every run, whose content reaches the driver.

    Args:
        line: To the driver.
        receive: Returns the next bytes from the driver.
    """

    def __init__(self, line: Line, receive: Callable[[], bytes]) -> None:
        self._line, self._receive = line, receive
        self._base = Path(tempfile.mkdtemp(prefix="ablate-"))

    @contextlib.contextmanager
    def of(self, name: str, files: list[Mapping[str, Any]]) -> Iterator[Path]:
        """Give a folder that holds `files`, which follow on the line; it is gone afterwards."""
        folder = self._base / "study" / "runs" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        sent: dict[Path, tuple[int, int]] = {}
        for file in files:
            write(folder, file, self._receive())
        for path in files_of(folder):
            sent[path] = _state(path)
        if (journal := folder / JOURNAL) in sent:  # whose torn end the worker will cut
            sent[journal] = (journal.read_bytes().rfind(b"\n") + 1, 0)
        stop = threading.Event()
        thread = threading.Thread(target=self._keep_sending, args=(folder, sent, stop), daemon=True)
        thread.start()
        try:
            yield folder
        finally:
            stop.set()
            thread.join()
            with contextlib.suppress(OSError):  # the driver is gone; the next one starts elsewhere
                self._send(folder, sent)
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._base, ignore_errors=True)

    def _keep_sending(
        self, folder: Path, sent: dict[Path, tuple[int, int]], stop: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):  # the lifeline says it too
            while not stop.wait(SEND_EVERY_S):
                self._send(folder, sent)

    def _send(self, folder: Path, sent: dict[Path, tuple[int, int]]) -> None:
        """Send what is new since the last time, a checkpoint with all that stands before it."""
        changed = [path for path in files_of(folder) if sent.get(path) != _state(path)]
        held: dict[Path, tuple[tuple[int, int], bytes]] = {}
        for path in reversed(changed):  # a checkpoint is read before the journal that it needs
            with contextlib.suppress(FileNotFoundError):
                held[path] = (_state(path), path.read_bytes())
        for path in changed:
            if path not in held:
                continue
            state, content = held[path]
            name = path.relative_to(folder).as_posix()
            is_journal = name == JOURNAL
            at = min(sent.get(path, (0, 0))[0], len(content)) if is_journal else None
            part = content[at:] if at is not None else content
            self._line.send({"file": name, "at": at}, part)
            sent[path] = (len(content), state[1]) if is_journal else state
        for path in [path for path in sent if not path.exists()]:
            self._line.send({"file": path.relative_to(folder).as_posix(), "at": None})
            del sent[path]


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _rank(path: Path) -> tuple[bool, bool, bool, Path]:
    is_checkpoint = path.name.startswith(CHECKPOINTS)
    return path.name == RESULT, is_checkpoint, path.name != JOURNAL, path


def _is_of_the_run(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return (
        0 < len(parts) <= 3
        and len(name) <= LONGEST_PATH
        and "\0" not in name
        and not name.startswith("/")
        and not any(part.startswith(".") for part in parts)
        and not name.endswith(".lock")
        and name not in OF_THE_DRIVER
    )
