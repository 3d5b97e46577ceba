"""`ablate schema`: the JSON Schema of a study or a search-space file."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from ablate.cli.saying import echo


def schema(
    kind: Annotated[Literal["study", "space"], typer.Argument(help="Kind of the file.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there instead.")
    ] = None,
) -> None:
    """Print the JSON Schema by which an editor completes and checks study or space files.

    Names of plug-ins in plugins/ of the current folder are offered with the packaged ones. Editors
    find the schema by a first line such as `# yaml-language-server: $schema=../schema/study.json`;
    `ablate new` writes both.

    Example: ablate schema study --out schema/study.json
    """
    text = written(kind)
    if out is None:
        echo(text, nl=False)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")


def written(kind: str) -> str:
    """Return the schema of a kind of file as text."""
    from ablate.config.json_schema import space_schema, study_schema
    from ablate.study.names import known

    made = {"study": study_schema, "space": space_schema}[kind](known())
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"
