"""SQLite files of a store: whether one is whole, and setting a damaged one aside."""

import contextlib
import secrets
import sqlite3
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ablate.errors import StoreError

MLFLOW_FILE, OPTUNA_FILE = "mlflow.db", "optuna.db"
PARTS: Final = {"mlflow": MLFLOW_FILE, "optuna": OPTUNA_FILE}  # what can be built anew -> its file
MALFORMED: Final = ("disk image is malformed", "file is not a database")  # as sqlite says it
BUILD: Final = "build it anew from ledgers and journals: ablate doctor STUDY --rebuild"
QUICKLY_S: Final = 0.5  # for the check of every open: some hundred megabytes
BESIDE: Final = ("", "-wal", "-shm", "-journal")  # ends of the names of files of one database


def check_whole(path: Path, *, within_s: float | None = QUICKLY_S) -> None:
    """Raise StoreError when a database is damaged; an absent or a locked one is not.

    Args:
        path: An SQLite file.
        within_s: Seconds after which the rest of a large one counts as whole; None reads all of
            it. What is damaged there is said when it is met, see `says_damaged`.
    """
    reason = _damage(path, within_s=within_s)
    if reason:
        part = next((part for part, name in PARTS.items() if name == path.name), "mlflow")
        raise StoreError(f"{path}: damaged ({reason}); {BUILD} {part}")


def says_damaged(error: BaseException) -> str:
    """Return what to do about an error of a damaged MLflow database, "" for any other error."""
    said = next((words for words in MALFORMED if words in str(error)), "")
    return said and f"damaged ({said}); {BUILD} mlflow"


def put_aside(path: Path) -> Path | None:
    """Rename a database and what lies beside it; return the new name, None where there is none."""
    end = f".damaged-{secrets.token_hex(4)}"
    for beside in BESIDE[1:]:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{beside}").replace(f"{path}{beside}{end}")
    try:
        return path.replace(f"{path}{end}")
    except FileNotFoundError:
        return None


def _damage(path: Path, *, within_s: float | None) -> str:
    if not path.is_file():
        return ""
    if path.stat().st_size == 0:
        return "it is empty"
    try:
        address = f"file:{quote(str(path.resolve()))}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=60)) as database:
            if within_s is not None:
                end = time.monotonic() + within_s
                database.set_progress_handler(lambda: time.monotonic() > end, 10_000)
            (found,) = database.execute("pragma quick_check(1)").fetchone()
    except sqlite3.OperationalError:  # locked, or no rights: said by whoever needs it; or late
        return ""
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else " ".join(str(found).split())[:100]
