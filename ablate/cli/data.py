"""`ablate data`: look at data sets before a study does."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.arguments import Json

app = typer.Typer(help="Verify data sets.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Verify data sets."""


@app.command("verify")
def verify(
    name: Annotated[str, typer.Argument(help="Name of the layout, see `ablate list data`.")],
    path: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    as_json: Json = False,
) -> None:
    """Tell every fault of a data set; exit 0 only when it is whole.

    Example: ablate data verify msrs /data/MSRS
    """
    from ablate.data.verify import verify as look

    facts = look({"name": name, "root": str(path)})
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        for problem in facts["problems"]:
            typer.echo(f"{problem['file']}: {problem['problem']}; {problem['mend']}")
        typer.echo(f"{facts['name']}: {facts['pairs']} pairs, {len(facts['problems'])} problems")
    raise typer.Exit(2 if facts["problems"] else 0)
