"""`ablate list`: the names that study files may use."""

import json
from typing import Annotated

import typer

from ablate.cli import completing
from ablate.cli.arguments import Json
from ablate.cli.saying import echo, say

KINDS = (
    "losses",
    "loss_settings",
    "operators",
    "models",
    "metrics",
    "data",
    "tasks",
    "spaces",
    "studies",
    "designs",
    "samplers",
    "pruners",
    "executors",
    "figures",
    "protocols",
)


def listing(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help=", ".join(KINDS), autocompletion=completing.among(*KINDS)
        ),
    ],
    as_json: Json = False,
) -> None:
    """List the members of one kind, those of your plugins/ too.

    Examples:
        ablate list metrics
        ablate list studies --json
    """
    from ablate.errors import UnknownNameError, nearest

    if kind not in KINDS:
        raise UnknownNameError(f"ablate list {kind}: no such kind; {nearest(kind, KINDS)}")
    names = _names(kind)
    if as_json:
        echo(json.dumps(names))
        return
    for name in names:
        say(name)


def _names(kind: str) -> list[str]:
    if kind in ("spaces", "studies"):
        from ablate.config import locations

        return list(locations.names("search_spaces" if kind == "spaces" else "studies"))
    if kind == "figures":
        from ablate.report.figures import FIGURES

        return list(FIGURES.names())
    if kind == "losses":
        from ablate.losses import descriptions

        return [f"{name}: {line}" for name, line in descriptions().items()]
    from ablate.study.names import known

    names = known()
    if kind == "operators":
        return list(names["losses.operator"])
    if kind == "loss_settings":
        return [f"{key[7:]}: {', '.join(v)}" for key, v in names.items() if key[:7] == "losses."]
    return list(names[kind])
