"""`ablate dashboard`: optuna-dashboard over the same store."""

from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Store
from ablate.cli.saying import echo


def dashboard(
    store: Store = DEFAULT_STORE,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port.")] = 8080,
) -> None:
    """Open optuna-dashboard: history, importance and slices of a study's searches.

    Needs the extra dashboard: pip install 'ablate[dashboard]'. What it shows of
    importance is Optuna's own and claims nothing. The page of a trial has its fused
    images.

    Example: ablate dashboard --store ablate-store
    """
    from ablate.search.dashboard import LOOPBACK, serve
    from ablate.store_folder import check_version
    from ablate.tracking.server_process import check_port

    check_version(store)
    check_port(LOOPBACK, port)
    serve(store, port=port, then=lambda: echo(f"http://{LOOPBACK}:{port}/dashboard"))
