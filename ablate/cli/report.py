"""`ablate report`: render a study's report from MLflow."""

from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.arguments import DEFAULT_STORE, Store


def report(  # noqa: PLR0917 -- options of the command line
    study: Annotated[
        str | None, typer.Argument(help="Name of a study, or path of its YAML file.")
    ] = None,
    store: Store = DEFAULT_STORE,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of the report; STORE/STUDY/report if absent."),
    ] = None,
    from_mlflow: Annotated[
        str | None,
        typer.Option("--from-mlflow", metavar="URI",
                     help="Read this MLflow database or server instead of the store."),
    ] = None,
    named: Annotated[
        str | None, typer.Option("--study", help="Name of the study there.")
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
        typer.Option("--publish", metavar="DIR",
                     help="Write it, small and without pictures, below DIR and list it there."),
    ] = None,
) -> None:  # fmt: skip
    """Render report.html, report.md, figures and tables of a study.

    Example: ablate report q4_variant --out reports/q4_variant
    """
    from ablate.errors import ConfigError

    if from_mlflow is not None and (study is not None or named is None or not (out or publish)):
        raise ConfigError("report: --from-mlflow URI goes with --study NAME and --out DIR")
    if publish is not None and (out is not None or picture):
        raise ConfigError("report: --publish DIR names its own folder and shows no pictures")
    if from_mlflow is None and (study is None) == (named is None):
        raise ConfigError("report: name one study, for example: ablate report q4_variant")
    path, text = render(
        str(study or named), store=store, out=out, uri=from_mlflow, pictures=not no_pictures,
        wanted=tuple(picture or ()), reports=publish,
    )  # fmt: skip
    typer.echo(text)
    typer.echo(f"report: {path}")


def render(
    study: str, *, store: Path, out: Path | None, uri: str | None = None, pictures: bool = True,
    wanted: tuple[str, ...] = (), reports: Path | None = None,
) -> tuple[Path, str]:  # fmt: skip
    """Return the path of the page and its result in words.

    Args:
        study: Name of a study, or path of its file.
        store: Folder of the stores.
        out: Folder of the report; in the store if absent.
        uri: Address of an MLflow database or server to read instead of the store.
        pictures: Whether pictures may be shown.
        wanted: Test images to show beside those chosen by rule.
        reports: Folder of published reports; the report goes there instead.
    """
    from ablate.config.locations import study_name
    from ablate.report.page import render as page
    from ablate.report.published import publish as publish_report
    from ablate.report.source import read
    from ablate.report.summary import summary
    from ablate.study.store import check_version

    name = study_name(study)
    if uri is None:
        check_version(store)
    contents = read(store=store, study=name, uri=uri, pictures=pictures, wanted=wanted)
    if reports is not None:
        return publish_report(contents, reports), summary(contents)
    return page(contents, out or store / name / "report"), summary(contents)
