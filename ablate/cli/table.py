"""`ablate table`: answers as the table of a paper."""

from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Store
from ablate.cli.saying import echo


def table(
    studies: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY...",
            help="Studies that ask the same, each as STUDY, STUDY@STORE or the folder of a "
            "published report; they stand side by side.",
        ),
    ],
    store: Store = DEFAULT_STORE,
    question: Annotated[
        list[str] | None,
        typer.Option("--question", help="This question alone; may be repeated."),
    ] = None,
    latex: Annotated[
        Path | None,
        typer.Option("--latex", metavar="FILE", help="Write it for LaTeX, with booktabs."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as HTML.")
    ] = None,
) -> None:
    """Print answers as the table of a paper, in Markdown.

    A row per value, a column per component of a component table, the cost of each row, metrics
    with mean and spread over blocks, and the difference to the first row with its interval. Bold
    and underlined is only what the corrected test shows.

    Examples:
        ablate table components --latex table.tex
        ablate table components@msrs components@tno --latex table.tex
    """
    from ablate.report.named_answer import notices
    from ablate.report.paper_table import NOTE, as_latex, as_markdown
    from ablate.report.table_sources import sources_of, tables_of
    from ablate.tables import to_html

    found = {text: sources_of(text, store=store) for text in dict.fromkeys(studies)}
    made = tables_of(found, wanted=tuple(question or ()))
    if latex is not None:
        latex.write_text(as_latex(made), encoding="utf-8")
    if html is not None:
        html.write_text(
            "\n".join([*map(to_html, made.values()), f"<p>{NOTE}</p>", ""]), encoding="utf-8"
        )
    echo(as_markdown(made))
    for notice in notices(studies):
        echo(notice, err=True)
