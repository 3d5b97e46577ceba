"""`ablate ui`: the MLflow UI on loopback over the right store."""

from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Store
from ablate.cli.saying import echo


def ui(
    store: Store = DEFAULT_STORE,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port.")] = 5000,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; others can then reach it.")
    ] = "127.0.0.1",
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name", help="By which others reach this machine, beside its own; with --host."
        ),
    ] = None,
) -> None:
    """Start the MLflow UI of a store, and print links to each study's views.

    The links are the last lines that it prints; no browser is opened. It ends
    with this command. With --host others reach it by the names of this
    machine and those of --name; requests by other names are refused.

    Example: ablate ui --store ablate-store
    """
    from ablate.store_folder import check_version
    from ablate.tracking.server_process import check_port
    from ablate.tracking.ui import LOCAL, check_names, links, own_names, serve

    check_version(store)
    check_names(name or ())
    check_port(host, port)
    names: tuple[str, ...] = ()
    if host not in LOCAL:
        names = tuple(dict.fromkeys([*own_names(host), *(name or ())]))
        echo(
            f"listening on {host}: whoever reaches this machine as {', '.join(names)} (more with "
            "--name) can read and change the store",
            err=True,
        )
    found = links(store, port=port, host=host)

    def say() -> None:
        for study, views in found.items():
            echo(study)
            for view, link in views.items():
                echo(f"  {view}: {link}")
        echo(f"all of MLflow: http://{host}:{port}, until Ctrl-C")

    serve(store, port=port, host=host, names=names, then=say)
