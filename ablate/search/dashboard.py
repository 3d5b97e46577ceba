"""optuna-dashboard over the trials of a store, on loopback; an extra, run as a process."""

import importlib.util
import sys
from pathlib import Path

from ablate.databases import OPTUNA_FILE
from ablate.errors import StoreError
from ablate.tracking import server_process

START = """
from importlib.metadata import entry_points
(script,) = entry_points(group="console_scripts", name="optuna-dashboard")
script.load()()
"""
FIX = "install ablate with its extra: pip install 'ablate[dashboard]'"
LOOPBACK = "127.0.0.1"


def serve(store: Path, *, port: int) -> None:
    """Run the dashboard until it is stopped; nothing but this machine can reach it.

    Raises:
        StoreError: It is not installed, the store holds no trials, or it ended by itself.
    """
    if importlib.util.find_spec("optuna_dashboard") is None:
        raise StoreError(f"optuna-dashboard is not installed; {FIX}")
    database = store.resolve() / OPTUNA_FILE
    if not database.is_file():
        raise StoreError(f"{store}: holds no trials; run a study first, or name it by --store")
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
    ]
    server_process.run("the dashboard", command, environment={})
