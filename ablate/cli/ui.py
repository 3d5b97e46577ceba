"""`ablate ui`: the MLflow UI on loopback over the right store."""

from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Store


def ui(
    store: Store = DEFAULT_STORE,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on loopback.")] = 5000,
) -> None:
    """Open the MLflow UI of a store and print a link per study that shows its trials.

    Example: ablate ui --store ablate-store
    """
    from ablate.study.store import check_version
    from ablate.tracking.ui import links, serve

    check_version(store)
    for study, link in links(store, port=port).items():
        typer.echo(f"{study}: {link}")
    serve(store, port=port)
