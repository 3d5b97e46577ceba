"""`ablate report`: render a study's report from MLflow."""

from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Store


def report(
    study: Annotated[str, typer.Argument(help="Name of a study, or path of its YAML file.")],
    store: Store = DEFAULT_STORE,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of the report; STORE/STUDY/report if absent."),
    ] = None,
) -> None:
    """Render report.html, report.md, figures and tables of a study.

    Example: ablate report q4_variant --out reports/q4_variant
    """
    path, text = render(study, store=store, out=out)
    typer.echo(text)
    typer.echo(f"report: {path}")


def render(study: str, *, store: Path, out: Path | None) -> tuple[Path, str]:
    """Return the path of the page and its result in words."""
    from ablate.report.page import render as page
    from ablate.report.source import read
    from ablate.report.summary import summary
    from ablate.study.store import check_version

    name = Path(study).stem
    check_version(store)
    contents = read(store=store, study=name)
    return page(contents, out or store / name / "report"), summary(contents)
