"""SQLite files of a store: whether one is whole, and setting a damaged one aside."""

import contextlib
import secrets
import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ablate.errors import StoreError

MLFLOW_FILE, OPTUNA_FILE = "mlflow.db", "optuna.db"
PARTS: Final = {"mlflow": MLFLOW_FILE, "optuna": OPTUNA_FILE}  # what can be built anew -> its file
BESIDE: Final = ("", "-wal", "-shm", "-journal")  # ends of the names of files of one database


def check_whole(path: Path) -> None:
    """Raise StoreError when a database is damaged; an absent or a locked one is not.

    SQLite reads every page for that: about a second for a gigabyte.
    """
    reason = _damage(path)
    if reason:
        part = next((part for part, name in PARTS.items() if name == path.name), "mlflow")
        raise StoreError(
            f"{path}: damaged ({reason}); build it anew from ledgers and journals: ablate doctor "
            f"STUDY --rebuild {part}"
        )


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


def _damage(path: Path) -> str:
    if not path.is_file():
        return ""
    if path.stat().st_size == 0:
        return "it is empty"
    try:
        address = f"file:{quote(str(path.resolve()))}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=60)) as database:
            (found,) = database.execute("pragma quick_check(1)").fetchone()
    except sqlite3.OperationalError:  # locked, or no rights: said by whoever needs it
        return ""
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else " ".join(str(found).split())[:100]
