"""`ablate data`: look at data sets before a study does."""

import json
import shutil
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablate.cli.arguments import Json

if TYPE_CHECKING:
    from ablate.data.facts import Facts
    from ablate.data.verify import Findings

TELL_EVERY_S = 2.0

app = typer.Typer(
    help="Fetch and verify data sets, and tell what is known of them.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="Name of the layout, see `ablate list data`.")]


@app.callback()
def group() -> None:
    """Fetch and verify data sets, and tell what is known of them."""


@app.command("verify")
def verify(  # noqa: PLR0917 -- options of the command line
    name: Name,
    path: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    splits: Annotated[
        Path | None, typer.Option("--splits", help="Split files, as data.splits of a study.")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", help="Write names, splits and hashes there, as JSON."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="A manifest written before: tell what has changed."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell every fault of a data set; exit 0 only when it is whole.

    Looks for missing partners, broken or unequal images, infrared images that are copies, coloured
    or swapped with the visible ones, and pairs that stand in two splits, or nearly so.

    Example: ablate data verify msrs /data/MSRS --manifest msrs.json
    """
    from dataclasses import replace

    from ablate.data.manifest import Manifest, differences
    from ablate.data.verify import verify as look

    settings = {"name": name, "root": str(path)} | ({"splits": str(splits)} if splits else {})
    earlier = Manifest.read(against) if against else None
    findings = look(settings, tick=_Told(name))
    if earlier and against and findings.manifest:
        changed = differences(earlier, findings.manifest, file=against)
        findings = replace(findings, problems=(*findings.problems, *changed))
    if as_json:
        typer.echo(json.dumps(findings.to_json(), indent=2))
    else:
        for line in _lines(findings, path):
            typer.echo(line)
    if manifest and findings.problems:
        typer.echo(f"{manifest}: not written: the set is not whole; mend it first", err=True)
    elif manifest and findings.manifest:
        findings.manifest.write(manifest)
        typer.echo(f"{manifest}: written", err=True)
    raise typer.Exit(2 if findings.problems else 0)


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="roadscene, msrs or tno; others are told about.")],
    to: Annotated[
        Path, typer.Option("--to", envvar="ABLATE_DATA", help="Folder of data sets.")
    ] = Path("data"),
    mirror: Annotated[
        str | None, typer.Option("--mirror", help="Address or path of a copy.")
    ] = None,
    commit: Annotated[
        str | None, typer.Option("--commit", help="Another commit, where the set is in git.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch a data set whole and verify it; the same command goes on after a kill.

    The set lies in its folder only when all its files have come. Sets that
    their authors give out by hand are told about instead: page, layout, counts,
    and how to verify them (exit code 2).

    Example: ablate data fetch roadscene --to data
    """
    from ablate.cli.counter import Counter
    from ablate.data.facts import FACTS
    from ablate.data.fetching import fetch as bring
    from ablate.data.sources import SOURCES
    from ablate.data.verify import verify as look

    facts = FACTS.get(name, where="ablate data fetch")
    if name not in SOURCES:
        _tell_by_hand(name, facts)
        raise typer.Exit(2)
    with Counter(f"fetching {facts.title}") as counter:
        folder = bring(SOURCES[name], to, mirror=mirror, commit=commit, step=counter.step)
    findings = look({"name": name, "root": str(folder)}, tick=_Told(name))
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), **findings.to_json()}, indent=2))
    else:
        for line in _lines(findings, folder):
            typer.echo(line)
        typer.echo(_wrapped(f"{facts.title}: {facts.licence}", indent=2))
        typer.echo(f"use it: data={name} data.root={folder}")
    raise typer.Exit(2 if findings.problems else 0)


@app.command("info")
def info(name: Name, as_json: Json = False) -> None:
    """Tell layout, counts, source, licence and how to get a data set.

    Example: ablate data info msrs
    """
    from dataclasses import asdict

    from ablate.data.facts import FACTS

    facts = asdict(FACTS.get(name, where="ablate data info"))
    if as_json:
        typer.echo(json.dumps({"name": name, **facts}, indent=2))
        return
    facts["counts"] = ", ".join(f"{split} {count}" for split, count in facts["counts"].items())
    for key, value in facts.items():
        typer.echo(_wrapped(f"{key:<9}{value or 'none is official'}", indent=9))


def _tell_by_hand(name: str, facts: "Facts") -> None:
    """Print how to get a set that cannot be fetched, and how to see that it is whole."""
    counts = ", ".join(f"{split} {count}" for split, count in facts.counts.items())
    typer.echo(f"{facts.title}: its authors give it out by hand; it cannot be fetched")
    for key, value in (
        ("get", facts.get),
        ("layout", facts.layout),
        ("pairs", counts or "none is official"),
        ("licence", facts.licence),
        ("verify", f"ablate data verify {name} FOLDER"),
    ):
        typer.echo(_wrapped(f"  {key:<9}{value}", indent=11))


class _Told:
    """Says on standard error how far it is, every few seconds.

    Args:
        title: Stands before the numbers.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._last: float | None = None

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._last is None:
            self._last = now
        elif now - self._last >= TELL_EVERY_S:
            self._last = now
            typer.echo(f"{self._title}: {done} of {total} pairs looked at", err=True)


def _lines(findings: "Findings", path: Path) -> list[str]:
    """Return one line per problem, files as seen from the folder, and the sum."""
    lines = [
        _wrapped(str(problem).replace(f"{path.expanduser()}/", ""), indent=4)
        for problem in findings.problems
    ]
    counts = ", ".join(f"{split} {count}" for split, count in findings.splits.items())
    what = _counted(len(findings.problems), "problem") if findings.problems else "whole"
    lines.append(f"{findings.label}: {_counted(findings.pairs, 'pair')} ({counts}), {what}")
    if findings.manifest and not findings.problems:
        lines.append(f"manifest hash {findings.manifest.hash}")
    return lines


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _wrapped(text: str, *, indent: int) -> str:
    """Return the text as wide as the terminal; a pipe gets one line."""
    width = max(40, shutil.get_terminal_size((10_000, 24)).columns)
    return textwrap.fill(
        text,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
