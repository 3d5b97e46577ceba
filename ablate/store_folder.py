"""The store: a folder with a version, and in it a folder per study."""

import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from ablate.errors import StoreError, UnknownNameError, nearest, one_line, storage_failure
from ablate.homes import user_name
from ablate.writing import write_json

FORMAT: Final = 1
LONGEST_PLACE: Final = 470  # sqlite takes 512 with the names of its files
SHARED: Final = ("mlflow.db", "mlflow.lock", "optuna.db", "optuna.lock", "artifacts")  # by studies
APPENDED: Final = (".jsonl", ".lock")  # files that are written on; others are replaced
LEDGER: Final = "ledger.jsonl"  # in the folder of a study; without it, it has not begun


def open_store(store: Path, study: str) -> Path:
    """Return the study's folder in the store, both made when absent.

    Raises:
        StoreError: The folder cannot be written, or another version wrote it.
    """
    place = str(store.resolve())
    if "?" in place or unquote(place) != place or not place.isprintable():
        raise StoreError(
            f"{one_line(place)}: no address of a database can hold a '?', a '%' with two digits, "
            "or a letter that cannot be printed; name another folder with --store"
        )
    if (length := len(os.fsencode(place))) > LONGEST_PLACE:
        raise StoreError(
            f"{place}: has {length} bytes, and sqlite opens no database below a path of more than "
            f"{LONGEST_PLACE}; name another folder with --store"
        )
    try:
        store.mkdir(parents=True, exist_ok=True)
        check_version(store)
        check_rights(store, [store, *(store / name for name in SHARED)], writes=True)
        if not (store / "store.json").exists():
            write_json(store / "store.json", {"format": FORMAT})
        folder = store / study
        check_no_links([folder, *store.iterdir()])
        folder.mkdir(exist_ok=True)
        check_rights(store, [folder], writes=True)
        check_no_links(folder.iterdir())
        own = [path for path in folder.iterdir() if path.is_dir() or path.suffix in APPENDED]
        check_rights(store, [*own, *folder.glob("runs/*")], writes=True)
    except StoreError:
        raise
    except OSError as error:
        failure = storage_failure(error)
        why = failure or f"{error.strerror or error}; name a writable folder with --store"
        raise StoreError(f"{store}: cannot be used as a store: {why}") from error
    return folder


def check_rights(store: Path, paths: Iterable[Path], *, writes: bool = False) -> None:
    """Raise StoreError, which says who owns what, for what this user may not read, or not write.

    What is absent is left out, and so are file systems that nobody may write.
    """
    for path in map(_reached, paths):
        if path is None:
            continue
        wanted = os.R_OK | (os.X_OK if path.is_dir() else 0) | (os.W_OK if writes else 0)
        if os.access(path, wanted):
            continue
        if writes and os.statvfs(path).f_flag & os.ST_RDONLY:
            continue  # whoever writes says so
        facts, me = path.stat(), user_name(os.geteuid())
        owner = user_name(facts.st_uid)
        can = "written" if writes and os.access(path, wanted & ~os.W_OK) else "read"
        grant = "rwX" if writes else "rX"
        way = f"change its rights: chmod -R u+{grant} {store}"
        if owner != me:
            way = (
                f"let {owner} share it with a group: chgrp -R GROUP {store}, chmod -R g+{grant} "
                f"{store}"
            )
        raise StoreError(
            f"{path}: belongs to {owner} ({stat.filemode(facts.st_mode)}) and cannot be {can} by "
            f"{me}; use a store of your own (--store), or {way}"
        )


def _reached(path: Path) -> Path | None:
    """Return a path, or the folder above it that keeps this user from it; None: it is absent."""
    if os.access(path, os.F_OK):
        return path
    above = next(one for one in path.absolute().parents if os.access(one, os.F_OK))
    return None if os.access(above, os.X_OK) else above


def check_no_links(paths: Iterable[Path]) -> None:
    """Raise StoreError for a link: what is written there would change a file outside the store."""
    for path in paths:
        if path.is_symlink():
            raise StoreError(
                f"{path}: a link, which a store does not hold, since it would be written through; "
                "remove it, or put in its place what it points to"
            )


def check_version(store: Path) -> None:
    """Raise StoreError when another version of ablate wrote the store, or it cannot be read."""
    path = store / "store.json"
    check_rights(store, [store, path])
    if not path.exists():
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        found = "unreadable"
    if found != FORMAT:
        raise StoreError(
            f"{path}: store format {found}, this version of ablate reads {FORMAT}; "
            "use another --store, or the version that wrote it"
        )


def check_there(store: Path) -> None:
    """Raise StoreError when there is no store, or another version wrote it."""
    if not store.is_dir():
        raise StoreError(f"{store}: no such store; name its folder with --store")
    check_version(store)


def studies(store: Path) -> list[str]:
    """Return the names of the studies that were begun in a store."""
    return sorted(
        {path.parent.name for name in (LEDGER, "runs") for path in store.glob(f"*/{name}")}
    )


def check_study(store: Path, study: str) -> None:
    """Raise UnknownNameError, which offers the nearest name, when a store has no such study.

    Raises:
        StoreError: See `check_there`.
    """
    check_there(store)
    if study not in (there := studies(store)):
        raise UnknownNameError(
            f"{store}: no study is called {study!r}; {nearest(study, there)}; to make it: "
            f"ablate run {study}"
        )
