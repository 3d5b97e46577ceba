"""The caches of a store: folders that only save time, and how they are removed.

Nothing in them is a result. What is missing is computed anew, so that removing them costs time, and
a process that is killed while it removes leaves a folder that the next call lists again.
"""

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ablate.execution.worker import CACHE
from ablate.store_folder import check_there, studies
from ablate.study.study_lock import LOCK, host_of_driver

OLD_CACHE: Final = "cache"  # inside the folder of a study, until version 0.1
GONE: Final = ".gone-"  # how the name of a folder begins that is being removed
KINDS: Final = {
    "pairs": "decoded pairs",
    "statistics": "source statistics",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """One folder that only saves time.

    Args:
        folder: Where it lies.
        kind: What is in it, for people.
        size_bytes: Of all its files.
        users: Studies that are running and may read it.
    """

    folder: Path
    kind: str
    size_bytes: int
    users: tuple[str, ...] = ()


def find(store: Path) -> tuple[Cache, ...]:
    """Return the caches of a store, those that its studies share first.

    Raises:
        StoreError: There is no store, or another version wrote it.
    """
    check_there(store)
    running = {folder.name for folder in _studies(store) if host_of_driver(folder) is not None}
    shared = [
        Cache(
            folder=folder,
            kind=KINDS.get(folder.name, "others"),
            size_bytes=_size(folder),
            users=() if folder.name.startswith(GONE) else tuple(sorted(running)),
        )
        for folder in _folders(store / CACHE)
    ]
    old = [
        Cache(
            folder=study / OLD_CACHE,
            kind="of an earlier version",
            size_bytes=_size(study / OLD_CACHE),
            users=(study.name,) if study.name in running else (),
        )
        for study in _studies(store)
        if (study / OLD_CACHE).is_dir()
    ]
    return (*shared, *old)


def remove(cache: Cache) -> None:
    """Remove a cache: first its name, at once, then its files.

    Raises:
        OSError: Rights are missing; what is left has another name and is found again.
    """
    gone = cache.folder
    if not gone.name.startswith(GONE):
        gone = gone.with_name(f"{GONE}{secrets.token_hex(4)}")
        cache.folder.rename(gone)
    shutil.rmtree(gone)


def _studies(store: Path) -> Iterator[Path]:
    starting = {path.parent.name for path in store.glob(f"*/{LOCK}")}  # its ledger is not there yet
    yield from (store / name for name in sorted(starting.union(studies(store))))


def _folders(place: Path) -> list[Path]:
    return sorted(path for path in place.glob("*") if path.is_dir())


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # a file that its writer has just renamed
            total += path.lstat().st_size if path.is_file() else 0
    return total
