"""A store that was moved or copied: MLflow keeps absolute addresses, which are brought along.

Only what `ablate` wrote is touched: experiments whose artifacts lie in artifacts/NAME of the folder
that the database was in.
"""

import contextlib
import logging
import sqlite3
from pathlib import Path
from urllib.parse import unquote

from filelock import FileLock

from ablate.errors import StoreError
from ablate.tracking.address import DATABASE

logger = logging.getLogger(__name__)
PATIENCE_S = 60.0  # for another process that writes
ADDRESSES = {"runs": "artifact_uri", "logged_models": "artifact_location"}  # table -> column


def artifacts_of(store: Path, study: str) -> str:
    """Return the address of a study's artifacts in a store."""
    return (store.resolve() / "artifacts" / study).as_uri()


def bring_along(store: Path) -> list[str]:
    """Point the artifacts of every study at the folder that the store lies in now.

    Returns:
        The studies that pointed elsewhere.

    Raises:
        StoreError: The artifacts were left behind.
    """
    if not _elsewhere(store):
        return []
    with FileLock(store / "mlflow.lock"):
        found = _elsewhere(store)
        for name, old in found.items():
            before, now = Path(unquote(old.removeprefix("file://"))), store.resolve() / "artifacts"
            if before.is_dir() and not (now / name).is_dir():
                raise StoreError(
                    f"{store}: was moved without the pictures and tables of {name}, which lie in "
                    f"{before}; move that folder into {now}"
                )
        with contextlib.closing(_opened(store)) as database, database:
            for name, old in found.items():
                new = artifacts_of(store, name)
                for table, column in ADDRESSES.items():
                    database.execute(
                        f"update {table} set {column} = ? || substr({column}, ?) where "  # noqa: S608
                        f"substr({column}, 1, ?) = ? || '/' and experiment_id = "
                        "(select experiment_id from experiments where name = ?)",
                        (new, len(old) + 1, len(old) + 1, old, name),
                    )
                database.execute(
                    "update experiments set artifact_location = ? where name = ?", (new, name)
                )
                logger.warning("%s: lay in %s before; its artifacts are found here now", name, old)
    return list(found)


def _elsewhere(store: Path) -> dict[str, str]:
    """Return study -> address of its artifacts, where that is not in the store."""
    with contextlib.closing(_opened(store)) as database:
        rows = database.execute("select name, artifact_location from experiments").fetchall()
    place = Path("/artifacts")
    return {
        name: old
        for name, old in rows
        if str(old).startswith("file:///")
        and str(old).endswith((place / name).as_uri().removeprefix("file://"))
        and old != artifacts_of(store, name)
    }


def _opened(store: Path) -> sqlite3.Connection:
    return sqlite3.connect(store.resolve() / DATABASE, timeout=PATIENCE_S)
