"""Files outside a store that its MLflow UI would show: a store that somebody else made names them.

Whoever reaches the UI reads what the database and the folder of artifacts name, with the rights of
the user who started it. So neither may lead out of the store.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from ablate.errors import StoreError
from ablate.store_folder import check_no_links
from ablate.tracking.address import DATABASE

ADDRESSES: Final = (  # whatever MLflow reads files of; a table that is not there has none
    ("run", "select run_uuid, artifact_uri from runs"),
    ("model", "select model_id, artifact_location from logged_models"),
    ("model", "select name, source from model_versions"),
    ("model", "select name, storage_location from model_versions"),
    ("trace", "select request_id, value from trace_tags where key = 'mlflow.artifactLocation'"),
    ("experiment", "select name, artifact_location from experiments where experiment_id <> 0"),
)
INSIDE_MLFLOW: Final = ("runs:/", "models:/")  # leads to one of the others
WHOLE: Final = ("", "-wal", "-shm", "-journal")


def check_no_links_of_ui(store: Path) -> None:
    """Raise StoreError where a file that the UI reads or writes is a link.

    Raises:
        StoreError: The database, its lock, or a file or folder among the artifacts is one.
    """
    check_no_links([*(store / f"{DATABASE}{end}" for end in WHOLE), store / "mlflow.lock"])
    check_no_links([store / "artifacts"])
    for folder, below, files in os.walk(store / "artifacts"):
        check_no_links(Path(folder, name) for name in (*below, *files))


def check_inside(store: Path) -> None:
    """Raise StoreError where the store's MLflow database names files outside of its artifacts."""
    place = store.resolve() / "artifacts"
    strange = [found for found in _addresses(store) if not _is_inside(found[2], place)]
    if strange:
        what, name, address = strange[0]
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        raise StoreError(
            f"{store / DATABASE}: the {what} {name}{more} has its files outside the store "
            f"({address}), which the UI would show to whoever reaches it; move them into {place}, "
            "or make the database anew: ablate doctor STUDY --rebuild mlflow"
        )


def _addresses(store: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, name, address) of everything that has files."""
    address = f"{(store.resolve() / DATABASE).as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
        for what, query in ADDRESSES:
            try:
                rows = database.execute(query)
            except sqlite3.OperationalError as error:
                if "no such" in str(error):
                    continue
                raise
            yield from ((what, str(name), str(text)) for name, text in rows if text)


def _is_inside(address: str, place: Path) -> bool:
    if address.startswith(INSIDE_MLFLOW):
        return True
    parts = urlsplit(address)
    if parts.scheme not in ("", "file") or parts.netloc or parts.query or parts.fragment:
        return False
    try:
        return Path(unquote(parts.path)).resolve().is_relative_to(place)
    except (OSError, ValueError):
        return False
