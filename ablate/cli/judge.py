"""`ablate judge`: finished runs from elsewhere, judged as a study of ablate is."""

import json
import lzma
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ablate.cli.arguments import Json
from ablate.cli.saying import echo

if TYPE_CHECKING:
    import pandas as pd

    from ablate.config.schema import Expects
    from ablate.foreign.naming import Naming
    from ablate.report.contents import Contents

MLFLOW, TENSORBOARD = "mlflow:", "tensorboard:"


def judge(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A CSV file, mlflow:URI or tensorboard:DIR with one run per training.",
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write report, tables and verdict.json there."),
    ] = None,
    baseline: Annotated[
        str, typer.Option("--baseline", metavar="VALUE", help="What the others are compared with.")
    ] = "",
    factor: Annotated[
        str, typer.Option("--factor", help="What the values are values of, such as 'loss'.")
    ] = "value",
    primary: Annotated[
        str, typer.Option("--primary", help="Metrics that decide, with commas; all if absent.")
    ] = "",
    guardrails: Annotated[
        str, typer.Option("--guardrails", help="Metrics that must not get worse, with commas.")
    ] = "",
    smallest: Annotated[
        list[str] | None,
        typer.Option(
            "--smallest", metavar="METRIC=PERCENT", help="What matters, in % of the baseline."
        ),
    ] = None,
    expects: Annotated[
        str, typer.Option("--expects", help="Of each value: differs, higher or lower.")
    ] = "differs",
    ordered: Annotated[
        bool, typer.Option("--ordered", help="The values are numbers in an order.")
    ] = False,
    chosen_on: Annotated[
        str,
        typer.Option(
            "--chosen-on",
            metavar="SPLIT",
            help="What chose weights and settings: nothing, train, val or test.",
        ),
    ] = "",
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="OURS=THEIRS",
            help="A column, parameter or tag: value, seed, block, run, image, scene, split, "
            "metric, score, point, state, reason, health.",
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="OURS=THEIRS", help="A metric: qabf=eval/QABF."),
    ] = None,
    better: Annotated[
        list[str] | None,
        typer.Option(
            "--better", metavar="METRIC=SIDE", help="higher or lower, of a metric not packaged."
        ),
    ] = None,
    data: Annotated[str, typer.Option("--data", help="What the test data are called.")] = "",
    network: Annotated[str, typer.Option("--network", help="What was trained.")] = "",
    facts: Annotated[
        Path | None,
        typer.Option("--facts", metavar="FILE", help="facts.json of a study, or a part of one."),
    ] = None,
    experiment: Annotated[
        str | None, typer.Option("--experiment", help="Of MLflow, where there are several.")
    ] = None,
    pattern: Annotated[
        str, typer.Option("--pattern", help="Folders of TensorBoard: how they say what ran.")
    ] = "{value}/{seed}",
    as_json: Json = False,
) -> None:
    """Judge finished runs from elsewhere by the protocol of ablate, and draw the report.

    A row per score with the columns value, seed (or block), image or scene, metric, score; or a
    row per run or image with a column per metric. A block is what runs of one seed share. What
    cannot be claimed is refused with the reason: too few seeds, runs without pairs, a choice that
    was made on test.

    Examples:
        ablate judge runs.csv --baseline ours --chosen-on val --out judged
        ablate judge mlflow:http://host:5000 --column value=loss --baseline l1
        ablate judge tensorboard:runs --pattern "{value}/seed_{seed}" --baseline l1
    """
    from ablate.cli.arguments import percentages
    from ablate.errors import ConfigError
    from ablate.foreign.naming import naming
    from ablate.foreign.study import CHOSEN_ON, Asked, study_of
    from ablate.foreign.tables import tables_of
    from ablate.report.judged import contents_of
    from ablate.report.page import verdict
    from ablate.report.summary import summary

    for option, said, known in (
        ("--expects", expects, ("differs", "higher", "lower")),
        ("--chosen-on", chosen_on, ("", *CHOSEN_ON)),
    ):
        if said not in known:
            listed = ", ".join(one for one in known if one)
            raise ConfigError(f"{option}: must be one of {listed}, got {said!r}")
    names = naming(columns=column or (), metrics=metric or (), better=better or ())
    where, rows = _read(source, names, experiment=experiment, pattern=pattern)
    asked = Asked(
        name=_name(source, experiment),
        factor=factor,
        baseline=baseline,
        primary=_listed(primary),
        guardrails=_listed(guardrails),
        smallest=percentages(smallest or []),
        expects=cast("Expects", expects),
        is_ordered=ordered,
        chosen_on=chosen_on,
        **({"data": data} if data else {}),
        **({"network": network} if network else {}),
    )
    tables = tables_of(rows, names, where=where)
    study = study_of(tables, asked, names, facts=_facts(facts), where=where)
    contents = contents_of(study)
    page = None if out is None else _written(contents, out)
    if as_json:
        echo(json.dumps(json.loads(verdict(contents)), indent=2))
        return
    echo(summary(contents))
    if page is not None:
        echo(f"report: {page}")


def _written(contents: "Contents", out: Path) -> Path:
    """Write the report, all of it or nothing, and return its page."""
    from ablate.report.page import render

    with tempfile.TemporaryDirectory(prefix="ablate-") as name:
        page = render(contents, Path(name) / "report")
        shutil.copytree(page.parent, out, dirs_exist_ok=True)
    return out / page.name


def _read(
    source: str, names: "Naming", *, experiment: str | None, pattern: str
) -> "tuple[str, pd.DataFrame]":
    """Return what was read, for messages, and its rows."""
    from ablate.foreign.csv_file import read_csv
    from ablate.foreign.tensorboard import read_tensorboard

    if source.startswith(MLFLOW):
        from ablate.cli.progress import Counter
        from ablate.tracking.address import public
        from ablate.tracking.foreign import read_mlflow

        uri = source.removeprefix(MLFLOW)
        columns = {"value": "value", **({} if "block" in names.columns else {"seed": "seed"})}
        with Counter("reading runs") as counter:
            rows = read_mlflow(
                uri,
                experiment=experiment,
                columns={**columns, **names.columns},
                is_meant=names.is_meant,
                step=lambda done: counter.step(done, done),
            )
        return public(uri), rows
    if source.startswith(TENSORBOARD):
        folder = Path(source.removeprefix(TENSORBOARD))
        return str(folder), read_tensorboard(folder, names, pattern=pattern)
    return source, read_csv(Path(source), names)


def _name(source: str, experiment: str | None) -> str:
    """Return what the study is called: the experiment, else the file or folder."""
    from ablate.foreign.naming import plain

    return plain(experiment or Path(source.partition(":")[2] or source).name.partition(".")[0])


def _listed(text: str) -> tuple[str, ...]:
    from ablate.foreign.naming import plain

    return tuple(plain(word) for word in text.split(",") if word.strip())


def _facts(path: Path | None) -> dict[str, Any] | None:
    import yaml

    from ablate.errors import ConfigError

    if path is None:
        return None
    try:
        content = path.read_bytes()
        content = lzma.decompress(content) if path.suffix == ".xz" else content
        found = yaml.safe_load(content.decode())
    except (OSError, ValueError, lzma.LZMAError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise ConfigError(
            f"{path}: cannot be read: {reason}; give facts.json of a study"
        ) from error
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: must be a mapping, such as `data_label: MSRS`")
    return found
