"""`ablate synthesize`: one answer over data sets, networks and budgets."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ablate.cli import completing
from ablate.cli.arguments import DEFAULT_STORE, Json, Store, percentages
from ablate.cli.saying import echo


def synthesize(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="STUDY@STORE, STUDY, a published folder, or a folder of such.",
            autocompletion=completing.studies,
        ),
    ],
    store: Store = DEFAULT_STORE,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write page, Markdown, CSV and figure there."),
    ] = None,
    smallest: Annotated[
        list[str] | None,
        typer.Option(
            "--smallest",
            metavar="METRIC=PERCENT",
            help="What matters, in % of the tuned baseline; goes before what was registered.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say per contrast what several studies show together: effect, chances, a word.

    A cell is a data set, a network and a budget. Contrasts of one question are put together by a
    hierarchical model, trained networks and the probe apart.

    Examples:
        ablate synthesize q4_variant_answer@store-a q4_variant_answer@store-b
        ablate synthesize reports --out synthesis
    """
    from ablate.analysis.synthesis import synthesized
    from ablate.cli.saying import say
    from ablate.report.named_answer import notices
    from ablate.report.synthesis import write
    from ablate.report.synthesis_sources import asked
    from ablate.report.synthesis_tables import lines
    from ablate.stored import encode

    given = percentages(smallest or [])
    found = synthesized(asked(sources, store=store), smallest=given)
    page = None if out is None else write(found, out)
    if as_json:
        document = encode(found)
        for one, raw in zip(found.contrasts, document["contrasts"], strict=True):
            raw["word"] = one.word
        echo(json.dumps(document, indent=2))
        return
    for line in (*lines(found), *notices(sources)):
        say(line)
    if page is not None:
        echo(f"synthesis: {page}")
