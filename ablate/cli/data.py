"""`ablate data`: look at data sets before a study does."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ablate.cli.arguments import Json
from ablate.cli.saying import echo, say

if TYPE_CHECKING:
    from ablate.data.facts import Facts
    from ablate.data.verify import Findings

MOST_UNUSED = 8  # lines
app = typer.Typer(help="Fetch, verify and describe data sets.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the layout, see `ablate list data`.")]


@app.callback()
def group() -> None:
    """Fetch, verify and describe data sets."""


@app.command("verify")
def verify(
    name: Name,
    path: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SETTINGS",
            help="Settings of the data set as in a study, such as data.infrared=FOLDER.",
        ),
    ] = None,
    splits: Annotated[
        Path | None, typer.Option("--splits", help="Split files, as data.splits of a study.")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", help="Write names, splits and hashes there, as JSON."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="An earlier manifest: report what has changed."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Report every error of a data set; exit 0 only when it is whole.

    Looks for missing partners, broken or unequal images, infrared images that are copies, coloured
    or swapped with the visible ones, and pairs that stand in two splits, or nearly so.

    Examples:
        ablate data verify msrs /data/MSRS --manifest msrs.json
        ablate data verify folders /data/own data.infrared=/data/own/A data.visible=/data/own/B
    """
    from dataclasses import replace

    from ablate.cli.progress import Counter
    from ablate.data.manifest import Manifest, differences
    from ablate.data.verify import verify as look

    name, changed = _typed(name, overrides or [])
    settings = _settings(name, path) | ({"splits": str(splits)} if splits else {}) | changed
    earlier = Manifest.read(against) if against else None
    with Counter(f"checking {name}") as counter:
        findings = look(settings, tick=counter.step)
    if earlier and against and findings.manifest:
        since = differences(earlier, findings.manifest, file=against)
        findings = replace(findings, problems=(*findings.problems, *since))
    if as_json:
        echo(json.dumps(findings.to_json(), indent=2))
    else:
        for line in _lines(findings, path):
            say(line, indent=4)
    if manifest and findings.problems:
        echo(f"{manifest}: not written: the set is not whole; fix it first", err=True)
    elif manifest and findings.manifest:
        findings.manifest.write(manifest)
        echo(f"{manifest}: written", err=True)
    raise typer.Exit(2 if findings.problems else 0)


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="roadscene, msrs or tno; others cannot be fetched.")],
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
    their authors give out by hand are described instead: page, layout, counts,
    and how to verify them (exit code 2).

    Example: ablate data fetch roadscene --to data
    """
    from ablate.cli.progress import Counter
    from ablate.data.facts import FACTS
    from ablate.data.fetching import fetch as bring
    from ablate.data.sources import SOURCES
    from ablate.data.verify import verify as look

    facts = FACTS.get(name, where="ablate data fetch")
    if name not in SOURCES:
        _describe(name, facts)
        raise typer.Exit(2)
    with Counter(f"fetching {facts.title}") as counter:
        folder = bring(SOURCES[name], to, mirror=mirror, commit=commit, step=counter.step)
    with Counter(f"checking {facts.title}") as counter:
        findings = look(_settings(name, folder), tick=counter.step)
    if as_json:
        echo(json.dumps({"folder": str(folder), **findings.to_json()}, indent=2))
    else:
        for line in _lines(findings, folder):
            say(line, indent=4)
        say(f"{facts.title}: {facts.licence}", indent=2)
        echo(f"use it: data={name} data.root={folder}")
    raise typer.Exit(2 if findings.problems else 0)


@app.command("info")
def info(name: Name, as_json: Json = False) -> None:
    """Show layout, counts, source and licence of a data set, and how to get it.

    Example: ablate data info msrs
    """
    from dataclasses import asdict

    from ablate.data.facts import FACTS

    facts = asdict(FACTS.get(name, where="ablate data info"))
    if as_json:
        echo(json.dumps({"name": name, **facts}, indent=2))
        return
    facts["counts"] = ", ".join(f"{split} {count}" for split, count in facts["counts"].items())
    for key, value in facts.items():
        say(f"{key:<9}{value or 'none is official'}", indent=9)


def _describe(name: str, facts: "Facts") -> None:
    """Print how to get a set that cannot be fetched, and how to see that it is whole."""
    counts = ", ".join(f"{split} {count}" for split, count in facts.counts.items())
    echo(f"{facts.title}: its authors give it out by hand; it cannot be fetched")
    for key, value in (
        ("get", facts.get),
        ("layout", facts.layout),
        ("pairs", counts or "none is official"),
        ("licence", facts.licence),
        ("verify", f"ablate data verify {name} FOLDER"),
    ):
        say(f"  {key:<9}{value}", indent=11)


def _settings(name: str, folder: Path) -> dict[str, Any]:
    """Return the section `data` of a new study, with this folder."""
    from ablate.config.defaults import group_defaults

    return {**(group_defaults("data", name) or {"name": name}), "root": str(folder)}


def _typed(name: str, words: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the data set and the settings that the words data=NAME and data.KEY=VALUE ask for."""
    import yaml

    from ablate.errors import ConfigError

    changed: dict[str, Any] = {}
    faults: list[str] = []
    for word in words:
        key, sign, text = word.partition("=")
        section, _, setting = key.partition(".")
        if not sign or section != "data" or "." in setting:
            faults.append(f"{word}: not a setting of a data set; write data.KEY=VALUE")
            continue
        try:
            changed[setting or "name"] = yaml.safe_load(text)
        except yaml.YAMLError:
            changed[setting or "name"] = text
    if faults:
        raise ConfigError(*faults)
    return str(changed.get("name", name)), changed


def _lines(findings: "Findings", path: Path) -> list[str]:
    """Return the problems in lines, files as seen from the folder, and the sum."""
    from ablate.data.problems import in_lines

    lines = [line.replace(f"{path.expanduser()}/", "") for line in in_lines(findings.problems)]
    counts = ", ".join(f"{split} {count}" for split, count in findings.splits.items())
    what = _counted(len(findings.problems), "problem") if findings.problems else "whole"
    lines.append(f"{findings.label}: {_counted(findings.pairs, 'pair')} ({counts}), {what}")
    if findings.scenes:
        scenes = ", ".join(f"{split} {count}" for split, count in findings.scenes.items())
        lines.append(f"scenes: {scenes}; they are the cases of the statistics (data.groups)")
    if findings.shared_scenes:
        shared = _counted(findings.shared_scenes, "test scene")
        lines.append(f"{shared} also in train or val, as the authors split the set")
    lines += [f"{side}: {values} become 0 to 255" for side, values in findings.scaling.items()]
    if findings.left_out:
        left = _counted(findings.left_out, "pair")
        lines.append(f"{left} left out of train and val: a test image shows the same scene")
    lines += [str(one) for one in findings.unused[:MOST_UNUSED]]
    if len(findings.unused) > MOST_UNUSED:
        rest = findings.unused[MOST_UNUSED:]
        count = sum(one.count for one in rest)
        lines.append(f"not used: {count} more files in {_counted(len(rest), 'place')} (--json)")
    if findings.manifest and not findings.problems:
        lines.append(f"manifest hash {findings.manifest.hash}")
    return lines


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
