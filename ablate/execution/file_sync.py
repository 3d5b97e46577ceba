"""File sync of a run's folder, for a worker that does not share the driver's file system.

The driver's folder stays the truth. Before a run the worker receives the files that are there, and
while it works it sends what the journal has gained and every other file that is new. The journal
goes before the checkpoint, so that no checkpoint is ahead of the journal.
"""

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ablate.errors import StoreError
from ablate.execution.link import Link
from ablate.execution.messages import pack
from ablate.store_folder import check_no_links
from ablate.training.spec import JOURNAL, RESULT
from ablate.writing import replacing

SEND_EVERY_S = 1.0
LONGEST_PATH = 200
OF_THE_DRIVER = ("shipped.json",)
CHECKPOINTS = "checkpoint"


def files_of(folder: Path) -> Iterator[Path]:
    """Yield the files of a run in the order to send: journal, others, checkpoints, result."""
    found = [
        path
        for path in folder.rglob("*")
        if path.is_file() and _is_of_the_run(path.relative_to(folder).as_posix())
    ]
    yield from sorted(found, key=_rank)


def receive(folder: Path, name: str, content: bytes | None, *, at: int | None) -> None:
    """Write a file, or a part of one, that the other side sent.

    Args:
        folder: Of the run.
        name: Of the file, relative to it.
        content: The bytes; None for a file that is gone.
        at: Offset of the content, None for a whole file, which replaces the one that is there.

    Raises:
        StoreError: The file would lie outside the folder, or a run has no such file.
    """
    if not _is_of_the_run(name):
        raise StoreError(f"{folder}: a worker sent the file {name[:LONGEST_PATH]!r}; refused")
    path = folder / name
    check_no_links([folder, path, *list(path.parents)[: len(PurePosixPath(name).parts) - 1]])
    if content is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if at is None:
        with replacing(path) as beside:
            beside.write_bytes(content)
        return
    size = path.stat().st_size if path.exists() else 0
    if at > size:
        raise StoreError(f"{path}: a worker sent byte {at} of a file of {size} bytes; refused")
    with path.open("r+b" if size else "wb") as file:
        file.seek(at)
        file.write(content)
        file.truncate()


class FileSync:
    """Gives each run a temporary folder and sends its content to the driver.

    Args:
        pipe: To the driver.
    """

    def __init__(self, pipe: Link) -> None:
        self._pipe = pipe
        self._base = Path(tempfile.mkdtemp(prefix="ablate-"))

    @contextlib.contextmanager
    def of(self, name: str, files: list[Mapping[str, Any]]) -> Iterator[Path]:
        """A folder with `files`, whose bytes the driver sends next; it is removed afterwards."""
        folder = self._base / "study" / "runs" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        sent: dict[Path, tuple[int, int]] = {}
        for file in files:
            receive(folder, file["file"], self._pipe.recv_bytes(), at=None)
        for path in files_of(folder):
            sent[path] = _state(path)
        if (journal := folder / JOURNAL) in sent:  # the worker will cut an incomplete last line
            sent[journal] = (journal.read_bytes().rfind(b"\n") + 1, 0)
        stop = threading.Event()
        thread = threading.Thread(target=self._keep_sending, args=(folder, sent, stop), daemon=True)
        thread.start()
        try:
            yield folder
        finally:
            stop.set()
            thread.join()
            with contextlib.suppress(OSError):  # the driver is gone; the next one does without
                self._send(folder, sent)
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._base, ignore_errors=True)

    def _keep_sending(
        self, folder: Path, sent: dict[Path, tuple[int, int]], stop: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):  # the driver is gone: the lifeline has ended too
            while not stop.wait(SEND_EVERY_S):
                self._send(folder, sent)

    def _send(self, folder: Path, sent: dict[Path, tuple[int, int]]) -> None:
        """Send what is new since the last time, a checkpoint with all that precedes it."""
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
            self._pipe.send_bytes(pack({"file": name, "at": at}, part))
            sent[path] = (len(content), state[1]) if is_journal else state
        for path in [path for path in sent if not path.exists()]:
            gone = {"file": path.relative_to(folder).as_posix(), "at": None}
            self._pipe.send_bytes(pack(gone))
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
