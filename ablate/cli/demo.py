"""`ablate demo`: the quickstart study from nothing to its report."""

from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Store
from ablate.cli.saying import echo


def demo(
    store: Store = DEFAULT_STORE,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Worker processes.")] = 2,
) -> None:
    """Run the quickstart study on generated pairs and say what came out.

    Examples:
        ablate demo
        ablate demo --workers 4 --store /tmp/tried
    """
    from ablate.cli.report import render
    from ablate.cli.run import drive, exit_code, sentence

    outcome = drive("quickstart", [f"executor.slots={workers}"], store=store)
    echo(sentence(outcome))
    echo("quickstart: drawing the report", err=True)
    path, text = render("quickstart", store=Path(store), out=None)
    echo("")
    echo(text)
    echo("")
    echo(f"report: {path}")
    echo(f"MLflow: ablate ui --store {store}")
    raise typer.Exit(exit_code(outcome))
