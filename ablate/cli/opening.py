"""`ablate run --open`: the MLflow UI of the study beside the run, in a browser."""

import threading
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ablate.errors import AblateError

FIRST_PORT, LAST_PORT = 5000, 5019
LOOK_S: Final = 0.5


def show(study: str, *, store: Path, say: Callable[[str], None]) -> threading.Thread:
    """Serve the store as soon as it holds the study, and open the study's page; return at once.

    The server ends with this process. What keeps it from starting is said, and stops no run.

    Args:
        study: Name of the study.
        store: Folder of the stores.
        say: Takes a line for the user.
    """

    def serve() -> None:
        try:
            _serve(study, store=store, say=say)
        except AblateError as error:
            say(f"--open: {error}")

    thread = threading.Thread(target=serve, name="ui", daemon=True)
    thread.start()
    return thread


def _serve(study: str, *, store: Path, say: Callable[[str], None]) -> None:
    from ablate.tracking import ui

    port = _free_port(ui.LOOPBACK)
    link = ""
    while not link:
        time.sleep(LOOK_S)
        if (store / ui.DATABASE).exists():
            views = ui.links(store, port=port).get(study, {})
            link = next((link for link in views.values() if "viewStateShareKey" in link), "")

    def opened() -> None:
        say(f"{study}: {link}")
        webbrowser.open(link)

    ui.serve(store, port=port, then=opened)


def _free_port(host: str) -> int:
    from ablate.errors import ConfigError
    from ablate.tracking.server_process import check_port

    for port in range(FIRST_PORT, LAST_PORT):
        try:
            check_port(host, port)
        except ConfigError:
            continue
        return port
    check_port(host, LAST_PORT)
    return LAST_PORT
