"""A copy of a study from which it can go on, made while its driver may be writing.

Only the truth is copied: the ledger up to its last whole event, and the folder of every run. MLflow
and Optuna are built from these. The ledger is copied first, so that it holds nothing which the
results lack; of a run at work the checkpoints are copied before the journal, which is then ahead
of them, as after a kill. Whatever else lies in the folder of a run, such as files that a program of
a task wrote there, is copied too; what lies beside these folders is not.
"""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ablate.errors import StoreError
from ablate.store_folder import LEDGER, check_no_links, check_study, open_store
from ablate.tracking.journal import POSITION
from ablate.training.spec import JOURNAL, RESULT
from ablate.whole_files import CHECKSUMS, read_bounded

CHECKPOINTS = "checkpoint"
PIECE: Final = 1 << 20  # bytes that are read at once
BLOCK: Final = 512  # bytes of a block of st_blocks
MOST_NAMED: Final = 3  # of the largest files, where there is no room


def backup(study: str, *, store: Path, target: Path) -> int:
    """Copy a study into a new store; return how many runs of it have ended.

    Args:
        study: Its name.
        store: Folder of the stores; a driver may be at work there.
        target: The new store: absent, or an empty folder. It appears whole or not at all.

    Raises:
        StoreError: There is no such store, the target is not empty or cannot be written, or the
            copy takes more than is free.
        UnknownNameError: The store holds no such study.
    """
    check_study(store, study)
    check_no_links([store / study, *(store / study).iterdir(), *(store / study / "runs").glob("*")])
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise StoreError(f"{target}: is there already; name a folder that is not there yet")
    runs = sorted((store / study / "runs").glob("*"))
    check_room([store / study / LEDGER, *(path for run in runs for path in _files(run))], target)
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir()
    except OSError as error:
        raise StoreError(
            f"{target}: cannot be written ({error.strerror}); name a folder that can be"
        ) from None
    try:
        folder = open_store(beside, study)
        ledger = read_bounded(store / study / LEDGER)
        (folder / LEDGER).write_bytes(ledger[: ledger.rfind(b"\n") + 1])
        ended = 0
        for run in runs:
            ended += _copy_run(run, folder / "runs" / run.name)
        if target.exists():
            target.rmdir()
        beside.rename(target)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return ended


def check_room(files: Sequence[Path], target: Path) -> None:
    """Raise StoreError where a copy of some files takes more than is free.

    Counted is what they take on the disk: holes in a file are holes in its copy.
    """
    sizes: dict[Path, int] = {}
    for path in files:
        with contextlib.suppress(FileNotFoundError):
            sizes[path] = path.stat().st_blocks * BLOCK
    there = next(path for path in target.absolute().parents if path.exists())
    needed, free = sum(sizes.values()), shutil.disk_usage(there).free
    if needed <= free:
        return
    largest = sorted(sizes, key=lambda path: -sizes[path])[:MOST_NAMED]
    named = ", ".join(f"{path} ({_megabytes(sizes[path])})" for path in largest)
    raise StoreError(
        f"{target}: the copy takes {_megabytes(needed)}, {_megabytes(free)} are free (largest: "
        f"{named}); free space, or name a folder on another disk"
    )


def _megabytes(size: int) -> str:
    return f"{size / 10**6:,.0f} MB"


def copy_file(path: Path, to: Path) -> None:
    """Copy the content of a file; its holes are holes in the copy, where the file system has any.

    A file that grows meanwhile is copied as long as it was.
    """
    with path.open("rb", buffering=0) as source, to.open("wb", buffering=0) as copy:
        size, at = os.fstat(source.fileno()).st_size, 0
        while at < size:
            try:
                at = os.lseek(source.fileno(), at, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:  # a hole up to the end
                    break
                raise
            end = min(os.lseek(source.fileno(), at, os.SEEK_HOLE), size)
            source.seek(at)
            copy.seek(at)
            while at < end and (piece := source.read(min(PIECE, end - at))):
                at += copy.write(piece)
                source.seek(at)  # a write may take less
            if at < end:  # it was cut meanwhile
                size = at
        copy.truncate(size)


def _copy_run(run: Path, target: Path) -> bool:
    """Copy the folder of a run; return whether it has ended."""
    has_ended = (run / RESULT).exists()
    for path in _files(run, has_ended=has_ended):
        to = target / path.relative_to(run)
        to.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # a checkpoint that was replaced, or cleared
            copy_file(path, to)
    return has_ended


def _files(run: Path, *, has_ended: bool = True) -> Iterator[Path]:
    """Yield what is copied: checkpoints, others, the journal, and the result of an ended run."""
    left_out = {POSITION} if has_ended else {POSITION, RESULT, CHECKSUMS}
    ranks = {JOURNAL: 2, RESULT: 3}
    found = [
        path
        for path in run.rglob("*")
        if path.is_file()
        and path.name not in left_out
        and not path.name.startswith(".")
        and not path.name.endswith(".lock")
    ]
    check_no_links(run.rglob("*"))
    yield from sorted(
        found,
        key=lambda path: (
            ranks.get(path.name, 0 if path.name.startswith(CHECKPOINTS) else 1),
            path,
        ),
    )
