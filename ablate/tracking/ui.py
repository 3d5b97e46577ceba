"""The MLflow UI on loopback, and links that open it where a researcher wants to look."""

import logging
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from ablate.errors import StoreError
from ablate.tracking import views
from ablate.tracking.address import tracking_uri

logger = logging.getLogger(__name__)
LOOPBACK = "127.0.0.1"


def links(store: Path, *, port: int) -> dict[str, dict[str, str]]:
    """Return study -> view -> link, for the studies of the store; views are those of `views`.

    Raises:
        StoreError: The folder is not a store.
    """
    from ablate.tracking.moved import bring_along
    from ablate.tracking.store import open_client

    client = open_client(store, make=False)
    try:
        bring_along(store)
    except (
        OSError,
        sqlite3.Error,
    ) as error:  # a store that cannot be written is shown all the same
        logger.warning("%s: its pictures may not be shown: %s", store, error)
    found = client.search_experiments(order_by=["name ASC"])
    return {
        item.name: views.links(item.experiment_id, port=port)
        for item in found
        if item.name != "Default"
    }


def serve(store: Path, *, port: int, host: str = LOOPBACK) -> None:
    """Run the UI until it is stopped; on loopback nothing but this machine can reach it."""
    quiet = {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "ui",
        "--host",
        host,
        "--port",
        str(port),
        "--backend-store-uri",
        tracking_uri(store),
        "--workers",
        "1",
    ]
    done = subprocess.run(command, env={**os.environ, **quiet}, check=False)  # noqa: S603
    if done.returncode not in (0, -2, 130):
        raise StoreError(f"the MLflow UI ended with code {done.returncode}; is port {port} free?")
