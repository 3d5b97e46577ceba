"""optuna-dashboard over the trials of a store, on loopback; an extra, run as a process."""

import importlib.util
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ablate.databases import OPTUNA_FILE
from ablate.errors import StoreError, with_extra
from ablate.search.artifacts import FOLDER
from ablate.tracking import server_process

START = """
from importlib.metadata import entry_points
(script,) = entry_points(group="console_scripts", name="optuna-dashboard")
script.load()()
"""
LOOPBACK = "127.0.0.1"


def serve(store: Path, *, port: int, then: Callable[[], None] = lambda: None) -> None:
    """Run the dashboard until it is stopped; nothing but this machine can reach it.

    Args:
        store: Folder of the stores.
        port: To listen on.
        then: Called once when it listens.

    Raises:
        StoreError: It is not installed, the store holds no trials, or it ended by itself.
    """
    if importlib.util.find_spec("optuna_dashboard") is None:
        raise StoreError(
            f"optuna-dashboard is not installed; add the extra with: {with_extra('dashboard')}"
        )
    database = store.resolve() / OPTUNA_FILE
    if not database.is_file():
        raise StoreError(f"{store}: holds no trials; run a study first, or name it by --store")
    pictures = store.resolve() / FOLDER
    with suppress(OSError):  # a store that cannot be written is shown all the same
        pictures.mkdir(exist_ok=True)
    command = [
        sys.executable,
        "-c",
        START,
        f"sqlite:///{database}",
        "--host",
        LOOPBACK,
        "--port",
        str(port),
        "--server",
        "wsgiref",
        "--artifact-dir",
        str(pictures),
        "--quiet",
    ]
    server_process.run(
        "the dashboard", command, environment={}, listens=(LOOPBACK, port), then=then
    )
