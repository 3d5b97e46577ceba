"""`ablate report`: render a study's report from MLflow."""

import json
import logging
from pathlib import Path
from typing import Annotated

import typer

from ablate.cli import completing
from ablate.cli.arguments import DEFAULT_STORE, Json, Store
from ablate.cli.saying import echo

logger = logging.getLogger(__name__)


def report(  # noqa: PLR0917 -- options of the command line
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY",
            help="Name of a study, or path of its YAML file.",
            autocompletion=completing.studies,
        ),
    ] = None,
    store: Store = DEFAULT_STORE,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of the report; STORE/STUDY/report if absent."),
    ] = None,
    from_mlflow: Annotated[
        str | None,
        typer.Option(
            "--from-mlflow",
            metavar="URI",
            help="Read this MLflow database or server instead of the store.",
        ),
    ] = None,
    named: Annotated[str | None, typer.Option("--study", help="Name of the study there.")] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FOLDER",
            help="Render a published report anew, from what its folder holds; needs no store.",
        ),
    ] = None,
    no_pictures: Annotated[
        bool, typer.Option("--no-pictures", help="Leave pictures out, as a licence may demand.")
    ] = False,
    picture: Annotated[
        list[str] | None,
        typer.Option("--picture", help="Show this published test image too; may be repeated."),
    ] = None,
    publish: Annotated[
        Path | None,
        typer.Option(
            "--publish",
            metavar="DIR",
            help="Write it, small and without pictures, below DIR and list it there.",
        ),
    ] = None,
    in_mlflow: Annotated[
        bool,
        typer.Option(
            "--mlflow/--no-mlflow",
            help="Show it, its verdicts and the best network in the MLflow UI.",
        ),
    ] = True,
    pdf: Annotated[
        bool,
        typer.Option("--pdf", help="Print the page to report.pdf too; needs chromium or chrome."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Render report.html, report.md, figures and tables of a study.

    Examples:
        ablate report q4_variant --out reports/q4_variant
        ablate report --from-mlflow http://host:5000 --study q4_variant --out q4
        ablate report --from reports/q4_variant_answer/msrs --out q4
        ablate report q4_variant --pdf
    """
    from ablate.errors import ConfigError
    from ablate.report.printed import browser, print_page

    if folder is not None and (study or named or from_mlflow or picture or not (out or publish)):
        raise ConfigError("report: --from FOLDER goes with --out DIR or --publish DIR alone")
    if from_mlflow is not None and (study is not None or named is None or not (out or publish)):
        raise ConfigError("report: --from-mlflow URI goes with --study NAME and --out DIR")
    if publish is not None and (out is not None or picture):
        raise ConfigError("report: --publish DIR names its own folder and shows no pictures")
    if from_mlflow is None and folder is None and (study is None) == (named is None):
        raise ConfigError("report: name one study, for example: ablate report q4_variant")
    if pdf and publish is not None:
        raise ConfigError("report: --pdf goes with --out DIR; what --publish writes has no PDF")
    program = browser() if pdf else ""
    path, text = render(
        str(study or named or ""),
        store=store,
        folder=folder,
        out=out,
        uri=from_mlflow,
        pictures=not no_pictures,
        wanted=tuple(picture or ()),
        reports=publish,
        in_mlflow=in_mlflow,
    )
    printed = print_page(path, program=program) if pdf else None
    if as_json:
        echo(json.dumps(_facts(path, text), indent=2))
        return
    echo(text)
    echo(f"report: {path}")
    if printed is not None:
        echo(f"printed: {printed}")


def _facts(page: Path, text: str) -> dict[str, object]:
    """Return where the parts of a report lie, those that it has."""
    folder = page.parent
    named = (
        "report.html",
        "report.pdf",
        "report.md",
        "figures.pdf",
        "figures",
        "tables",
        "verdict.json",
    )
    return {
        "report": str(page),
        "files": {name: str(folder / name) for name in named if (folder / name).exists()},
        "summary": text.split("\n"),
    }


def render(
    study: str,
    *,
    store: Path,
    out: Path | None,
    folder: Path | None = None,
    uri: str | None = None,
    pictures: bool = True,
    wanted: tuple[str, ...] = (),
    reports: Path | None = None,
    in_mlflow: bool = True,
) -> tuple[Path, str]:
    """Return the path of the page and its result in words.

    Args:
        study: Name of a study, or path of its file.
        store: Folder of the stores.
        out: Folder of the report; in the store if absent.
        folder: A published report to render anew, instead of a study.
        uri: Address of an MLflow database or server to read instead of the store.
        pictures: Whether pictures may be shown.
        wanted: Test images to show beside those chosen by rule.
        reports: Folder of published reports; the report goes there instead.
        in_mlflow: Whether the store's MLflow is given the report too; one that takes none costs a
            warning.
    """
    from ablate.cli.progress import Counter
    from ablate.config.locations import study_name
    from ablate.report.kept import contents_of
    from ablate.report.page import render as page
    from ablate.report.published import publish as publish_report
    from ablate.report.source import read, return_report
    from ablate.report.summary import summary

    if folder is not None:
        contents = contents_of(folder)
    else:
        name = study_name(study)
        contents = read(store=store, study=name, uri=uri, pictures=pictures, wanted=wanted)
    if reports is not None:
        with Counter("control: shuffling labels") as counter:
            return publish_report(contents, reports, step=counter.step), summary(contents)
    path = page(contents, out or store / contents.facts.study / "report")
    is_of_store = folder is None and uri is None
    if in_mlflow and is_of_store and (fault := return_report(contents, path.parent, store=store)):
        logger.warning("%s: MLflow was not given the report: %s", store, fault)
    return path, summary(contents)
