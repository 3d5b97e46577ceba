"""The MLflow UI on loopback, and links that open it where a researcher wants to look."""

import contextlib
import logging
import re
import socket
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ablate.errors import ConfigError
from ablate.tracking import server_process, views
from ablate.tracking.address import DATABASE, STORE
from ablate.tracking.outside import check_inside, check_no_links_of_ui

logger = logging.getLogger(__name__)
__all__ = ["DATABASE", "LOCAL", "LOOPBACK", "check_names", "links", "own_names", "serve"]
LOOPBACK = "127.0.0.1"
LOCAL = (LOOPBACK, "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 -- what a user may ask for
ANYWHERE = ("192.0.2.1", 9)  # an address that no machine has


def links(store: Path, *, port: int, host: str = LOOPBACK) -> dict[str, dict[str, str]]:
    """Return study -> view -> link, for the studies of the store; views are those of `views`.

    Raises:
        StoreError: The folder is not a store, or it would show files outside of it.
    """
    from ablate.tracking.moved import bring_along
    from ablate.tracking.store import open_client

    check_no_links_of_ui(store)
    client = open_client(store, make=False)
    try:
        bring_along(store)
    except (
        OSError,
        sqlite3.Error,
    ) as error:  # a store that cannot be written is shown all the same
        logger.warning("%s: its pictures may not be shown: %s", store, error)
    check_inside(store)
    shown = LOOPBACK if host in EVERYWHERE else f"[{host}]" if ":" in host else host
    found = client.search_experiments(order_by=["name ASC"])
    return {
        item.name: views.links(item.experiment_id, item.tags, port=port, host=shown)
        for item in found
        if item.name != "Default"
    }


def own_names(host: str) -> tuple[str, ...]:
    """The names and addresses by which others reach a server of this machine on an address."""
    name = socket.gethostname()
    found = {name: None, socket.getfqdn(): None, host: None}
    if host in EVERYWHERE:
        with contextlib.suppress(OSError):
            found |= {str(one[4][0]): None for one in socket.getaddrinfo(name, None)}
        with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as outwards:
            outwards.connect(ANYWHERE)  # sends nothing; the system chooses the address
            found[outwards.getsockname()[0]] = None
    kept = [one for one in found if one not in (*EVERYWHERE, *LOCAL)]
    return tuple(one for one in kept if not one.startswith("127."))


def check_names(names: Sequence[str]) -> None:
    """Raise ConfigError for what cannot be the name of a host."""
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9*][A-Za-z0-9*.:_-]*", name):
            raise ConfigError(f"--name: {name!r} is not a host name; write it as in gpu01.lab.org")


def serve(
    store: Path,
    *,
    port: int,
    host: str = LOOPBACK,
    names: Sequence[str] = (),
    then: Callable[[], None] = lambda: None,
) -> None:
    """Run the UI until it is stopped; on loopback nothing but this machine can reach it.

    Args:
        store: Whose database is shown.
        port: To listen on.
        host: Address to listen on.
        names: What browsers of others may call this machine; requests by other names are refused,
            so that a page of another site cannot reach the store through them.
        then: Called once when it listens.

    Raises:
        StoreError: The UI ended by itself.
    """
    environment = {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        STORE: str(store.resolve()),
    }
    command = [
        *(sys.executable, "-W", "ignore", "-m", "uvicorn", "ablate.tracking.ui_app:app"),
        *("--host", host, "--port", str(port)),
        *("--log-level", "warning"),  # a line for each request would push the links out of sight
    ]
    if names:
        shown = [f"[{name}]" if ":" in name else name for name in (*LOCAL, *names)]
        hosts = [f"{name}{tail}" for name in shown for tail in ("", f":{port}")]
        environment["MLFLOW_SERVER_ALLOWED_HOSTS"] = ",".join(hosts)
        environment["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"] = ",".join(
            f"http://{name}:{port}" for name in shown
        )
    reached = LOOPBACK if host in EVERYWHERE else host
    server_process.run(
        "the MLflow UI", command, environment=environment, listens=(reached, port), then=then
    )
