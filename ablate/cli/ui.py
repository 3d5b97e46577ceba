"""`ablate ui`: the MLflow UI on loopback over the right store."""

from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Store


def ui(
    store: Store = DEFAULT_STORE,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port.")] = 5000,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; others can then reach it.")
    ] = "127.0.0.1",
) -> None:
    """Open the MLflow UI of a store and print a link per study that shows its trials.

    Example: ablate ui --store ablate-store
    """
    from ablate.store_folder import check_version
    from ablate.tracking.ui import links, serve

    check_version(store)
    if host not in ("127.0.0.1", "localhost", "::1"):
        text = f"listening on {host}: whoever reaches this machine can read and change the store"
        typer.echo(text, err=True)
    for study, views in links(store, port=port).items():
        for view, link in views.items():
            typer.echo(f"{study}, {view}: {link}")
    serve(store, port=port, host=host)
