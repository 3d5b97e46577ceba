"""`ablate audit`: what can be said about a printed table."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Json, Store
from ablate.cli.saying import echo

REGISTER = "register"


def audit(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="A .csv, .md or .tex file with the table.")
    ],
    noise: Annotated[
        str,
        typer.Option(
            "--noise",
            metavar="STUDY",
            help="A study of yours with a pilot, or the folder of a published one; register: what "
            "was measured here.",
        ),
    ] = REGISTER,
    row: Annotated[
        str, typer.Option("--row", help="The row that the others are compared with.")
    ] = "",
    data: Annotated[
        str,
        typer.Option(
            "--data", help="Data set of the table, where copies of its sources are in the register."
        ),
    ] = "",
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Check a printed ablation table for errors, and for what another seed alone may change.

    Faults: bold that is not the best, underlined that is not the second, an arrow that points the
    wrong way, values that a metric cannot have, rows that an unchanged copy of a source beats. Of
    each other row: whether its difference is within or beyond the run-to-run noise of trainings
    that are known, and how many seeds would show it.

    Examples:
        ablate audit table.tex
        ablate audit README.md --noise my_study --row Ours
        ablate audit table.csv --data MSRS-mini --json
    """
    from ablate.auditing.audit import audit as audited
    from ablate.auditing.noise import register
    from ablate.auditing.table import read
    from ablate.auditing.words import lines, noise_in_words
    from ablate.errors import ConfigError, nearest
    from ablate.report.noise import noise_of_study
    from ablate.stored import encode

    tables = read(table)
    known = register()
    copies = known.copies_of(data) if data else ()
    if data and not copies:
        names = sorted({one.data for one in known.copies})
        raise ConfigError(
            f"--data: no copies were measured on {data!r} here; {nearest(data, names)}"
        )
    spread = known.noise if noise == REGISTER else noise_of_study(noise, store=store)
    if copies and noise == REGISTER:
        spread = tuple(one for one in spread if one.data == copies[0].data)
    if row:  # of several tables those that have it
        tables = [one for one in tables if one.has(row)] or tables
    found = [audited(one, noise=spread, copies=copies, against=row) for one in tables]
    if as_json:
        echo(json.dumps(encode(found), indent=2))
        return
    metrics = [head.metric for one in tables for head in one.heads]
    for one in found:
        echo("\n".join((*lines(one), "")))
    for line in noise_in_words(spread, metrics):
        echo(line)
