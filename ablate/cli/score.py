"""`ablate score`: metrics of anybody's fused images."""

import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablate.cli.arguments import (
    SCALING_HELP,
    Infrared,
    Json,
    Source,
    Visible,
    check_scaling,
    two_sources,
)
from ablate.cli.saying import echo

if TYPE_CHECKING:
    from ablate.scoring.folders import Collection
    from ablate.scoring.scores import Scores
    from ablate.scoring.table import Ranking


def score(
    *,
    infrared: Infrared = None,
    visible: Visible = None,
    fused: Annotated[
        list[str],
        typer.Option("--fused", help="FOLDER or NAME=FOLDER of fused images; once per method."),
    ],
    source: Source = None,
    protocol: Annotated[
        str, typer.Option("--protocol", help="Conventions, see: ablate list protocols.")
    ] = "cddfuse-py",
    metrics: Annotated[
        str, typer.Option("--metrics", help="Names with commas, or all.")
    ] = "en,mi,sd,scd,vif,qabf",
    scaling: Annotated[str, typer.Option("--scaling", help=f"{SCALING_HELP}.")] = "high_byte",
    csv: Annotated[
        Path | None, typer.Option("--csv", help="File for the value of every image.")
    ] = None,
    latex: Annotated[
        Path | None, typer.Option("--latex", help="File for the table as LaTeX.")
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("--html", help="File for a page with the images side by side."),
    ] = None,
    groups: Annotated[
        str,
        typer.Option(
            metavar="RULE",
            help="Which images show one scene, as data.groups: a CSV file, a regular expression, "
            "none; auto: groups.csv beside the folder of the first source.",
        ),
    ] = "auto",
    as_json: Json = False,
) -> None:
    """Score fused images by name against their sources; several methods are ranked.

    The table ends with trivial baselines, which need no network: copies of both sources, their
    mean and max, a Laplacian pyramid and a guided filter. A metric in which a copy beats every
    method is marked as gamed by a copy. Methods are compared in pairs, with scenes as cases and
    corrected over all pairs and metrics.

    Examples:
        ablate score --infrared ir --visible vi --fused ours=out --fused CDDFuse
        ablate score --infrared ir --visible vi --fused out --metrics all --csv s.csv
        ablate score --infrared ir --visible vi --fused a --fused b --html page.html
        ablate score --source MRI=mri --source PET=pet --fused out
    """
    from ablate.cli.progress import Counter
    from ablate.data.groups import groups_of
    from ablate.scoring.differences import differences, in_words
    from ablate.scoring.folders import gather

    names = _names(metrics)
    sources, (first, second) = two_sources(infrared, visible, source)
    _check(protocol, files=[path for path in (csv, latex, page) if path is not None])
    with Counter("checking files") as counter:
        collection = gather(
            infrared=first,
            visible=second,
            fused=fused,
            names=sources,
            scaling=check_scaling(scaling),
            step=counter.step,
        )
    scenes = groups_of(
        sorted(collection.sources), setting=groups, rule=None, folder=first.resolve().parent
    )
    scores, table = _scored(collection, names=names, protocol=protocol)
    compared = differences(scores, scenes)
    sentences = tuple(in_words(compared, scores, scenes))
    _write(scores, table, csv=csv, latex=latex)
    if page is not None:
        from ablate.report.score_page import page as to_page

        made = to_page(scores, table, collection, headline=_headline(scores), compared=sentences)
        page.write_text(made, encoding="utf-8")
    for note in (*scores.notes, *table.notes):
        echo(note, err=True)
    if as_json:
        from ablate.scoring.files import to_json

        echo(json.dumps(to_json(scores, table, compared=compared), indent=2))
        return
    echo(_shown(scores, table))
    for line in sentences:
        echo(textwrap.fill(line, 80, subsequent_indent="  "))


def _names(text: str) -> tuple[str, ...]:
    from ablate import plugins
    from ablate.errors import ConfigError
    from ablate.metrics import ALL_NAMES, canonical_name

    plugins.load()  # metrics of one's own are scored by name
    if text.strip().lower() == "all":
        return ALL_NAMES
    words = [word.strip() for word in text.split(",") if word.strip()]
    faults: list[str] = []
    names: list[str] = []
    for word in words:
        try:
            names.append(canonical_name(word))
        except ConfigError as error:
            faults.append(str(error).replace("metrics.names", "--metrics"))
    if faults or not names:
        raise ConfigError(*(faults or ["--metrics: is empty; write for example qabf,vif, or all"]))
    return tuple(dict.fromkeys(names))


def _check(protocol: str, *, files: list[Path]) -> None:
    from ablate.errors import ConfigError, nearest
    from ablate.metrics import PROTOCOLS

    faults = [
        f"{path}: the folder {path.parent} is not there; make it first"
        for path in files
        if not path.parent.is_dir()
    ]
    if protocol not in PROTOCOLS:
        tail = nearest(protocol, PROTOCOLS)
        faults.append(f"--protocol: no protocol is called {protocol!r}; {tail}")
    if faults:
        raise ConfigError(*faults)


def _scored(
    collection: "Collection", *, names: tuple[str, ...], protocol: str
) -> "tuple[Scores, Ranking]":
    from ablate.cli.progress import Counter
    from ablate.scoring.scores import score
    from ablate.scoring.table import tabulate

    with Counter("scoring pairs") as counter:
        scores = score(collection, names=names, protocol=protocol, step=counter.step)
    return scores, tabulate(scores)


def _write(scores: "Scores", table: "Ranking", *, csv: Path | None, latex: Path | None) -> None:
    from ablate.scoring.files import to_csv
    from ablate.scoring.table import latex as to_latex

    if csv is not None:
        csv.write_text(to_csv(scores), encoding="utf-8")
    if latex is not None:
        latex.write_text(to_latex(table, comment=_headline(scores)), encoding="utf-8")


def _shown(scores: "Scores", table: "Ranking") -> str:
    from ablate.metrics.copies import sentence
    from ablate.scoring.table import ARROWS, MARK, terminal

    try:
        "".join((*ARROWS, MARK)).encode(sys.stdout.encoding or "utf-8")
        arrows, mark = ARROWS, MARK
    except UnicodeEncodeError:
        arrows, mark = ("+", "-"), "#"
    foot = ["(in brackets): trivial baselines, no network: copies of the sources and rules"]
    if any(line.mean_rank is not None for line in table.lines):
        foot.append("*: best method")
    if table.gamed:
        foot += textwrap.wrap(f"{mark}: {sentence(table.gamed, others='method')}", 80)
    shown = terminal(table, arrows=arrows, mark=mark)
    return "\n".join([_headline(scores), "", shown, "", *foot])


def _headline(scores: "Scores") -> str:
    from ablate.metrics import protocol_hash

    count = len({row.image for row in scores.rows})
    return (
        f"{count} image{'' if count == 1 else 's'}, protocol {scores.protocol} "
        f"({protocol_hash(scores.protocol)}), float64, images {scores.images_hash}"
    )
