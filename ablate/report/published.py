"""Reports that lie in a repository: small, without anybody's pictures, listed on one page.

A folder per study and data set holds report.html, report.md with its figures, verdict.json, the
tables and the table of runs; README.md beside them is made anew from all folders that are there.
"""

import gzip
import json
import re
import shutil
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ablate.analysis.answers import BLOCKED
from ablate.analysis.question import metric_label
from ablate.analysis.selftest.shuffled import shuffled
from ablate.errors import ConfigError
from ablate.report.contents import Contents
from ablate.report.page import render
from ablate.report.pilots import pilot_of, sentence, table
from ablate.report.source import NO_PICTURES

FACTS = "published.json"
LARGE = ("runs.csv", "images.csv")  # compressed; pandas reads them as they are
WIDTH = 100
SHUFFLES = 200
HEAD = """# Published reports

Made by `ablate report STUDY --publish reports`; this page and every number in the folders are
generated. Each sentence is that of the study's `verdict.json`; its scope says what it is worth.
"""


def publish(
    contents: Contents, reports: Path, *, shuffles: int = SHUFFLES,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Path:  # fmt: skip
    """Write the report of a study below `reports`, list it there, and return its folder.

    Args:
        contents: What the report is rendered from.
        reports: Folder of published reports.
        shuffles: How often the labels are shuffled for the control.
        step: Hears how many shuffles of how many are done.

    Raises:
        ConfigError: The study declares no question with an answer: there is nothing to publish.
    """
    facts = contents.facts
    if not contents.answered:
        raise ConfigError(
            f"{facts['study']}: has no answered question; only answers are published, so run its "
            "answer phase first"
        )
    place = reports / str(facts["study"]) / slug(str(facts["data_label"]))
    with tempfile.TemporaryDirectory() as name:
        made = Path(name) / "report"
        render(replace(contents, gallery={}, no_pictures=NO_PICTURES), made)
        for path in [*made.glob("figures/*.png"), *made.glob("figures/*.csv")]:
            path.unlink()
        (made / "figures.pdf").unlink()
        for table in LARGE:
            _compress(made / "tables" / table)
        known = _facts(contents) | {"control": _controls(contents, shuffles=shuffles, step=step)}
        text = json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True)
        (made / FACTS).write_text(text + "\n", encoding="utf-8")
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(made, place)
    (reports / "README.md").write_text(index(reports), encoding="utf-8")
    return place


def index(reports: Path) -> str:
    """Return the page of every report below a folder: a line per question, then each report."""
    folders = sorted(path.parent for path in reports.glob(f"*/*/{FACTS}"))
    short = [line for folder in folders for line in _in_short(folder, reports)]
    whole = [line for folder in folders for line in _entry(folder, reports)]
    return "\n".join([HEAD, *(["## In short", "", *short, ""] if short else []), *whole])


def slug(label: str) -> str:
    """Return a label as a folder is called.

    Example:
        >>> slug("MSRS-mini"), slug("generated pairs")
        ('msrs-mini', 'generated-pairs')
    """
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-") or "data"


def _controls(
    contents: Contents, *, shuffles: int, step: Callable[[int, int], None]
) -> list[dict[str, Any]]:
    """Return what is claimed of shuffled labels, per question of a blocked phase."""
    facts = contents.facts
    if all(phase["design"] != BLOCKED for phase in facts["phases"].values()):
        return []  # a confirmation alone has one configuration per value: nothing to tune, or mix
    found = shuffled(facts, contents.runs, contents.images, shuffles=shuffles, step=step)
    return [asdict(one) for one in found]


def _facts(contents: Contents) -> dict[str, Any]:
    """Return what the list needs beside verdict.json."""
    facts = contents.facts
    origin: Mapping[str, Any] = facts.get("provenance", {})
    return {
        "study": facts["study"], "title": facts["title"], "data": facts["data_label"],
        "command": origin.get("command", ""), "revision": origin.get("revision", "unknown"),
        "pilot": pilot_of(contents),
        "runs": len(contents.runs), "failed": int((contents.runs["state"] == "failed").sum()),
        "cpu": origin.get("cpu", {}).get("kind", ""), "device": origin.get("device", {}),
    }  # fmt: skip


def _in_short(folder: Path, reports: Path) -> Iterator[str]:
    """Return an item per question: verdict, what its primary metrics show, how to repeat it."""
    facts, verdicts, here = _read(folder, reports)
    for question in verdicts["questions"]:
        reason = f" ({question['reason']})" if question["reason"] else ""
        yield from _wrapped(
            f"{question['asks']} **{question['verdict']}**{reason}. {_found(question['rows'])} "
            f"{question['scope']} [Report]({here}/report.md); `{facts['command']}`",
            bullet="- ",
        )


def _found(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the judged differences per primary metric, largest first; the rest is counted."""
    primary = [row for row in rows if row["role"] == "primary"]
    parts, is_open = [], 0
    for metric in dict.fromkeys(row["metric"] for row in primary):
        mine = [row for row in primary if row["metric"] == metric]
        sure = [row for row in mine if row["verdict"] in ("supported", "contradicted")]
        same = [row for row in mine if row["verdict"] == "practically equivalent"]
        is_open += len(mine) - len(sure) - len(same)
        told = [
            f"{row['contrast']} {_change(row)}"
            for row in sorted(sure, key=lambda row: -abs(row["estimate"]))
        ]
        told += [f"{row['contrast']} practically equal" for row in same]
        parts += [f"{metric_label(metric)}: {', '.join(told)}"] if told else []
    parts += [f"undecided: {is_open} of {len(primary)} primary comparisons"] if is_open else []
    return f"{'; '.join(parts)}."


def _change(row: Mapping[str, Any]) -> str:
    return f"{row['estimate']:+.3g}" if row["percent"] is None else f"{row['percent']:+.2f} %"


def _entry(folder: Path, reports: Path) -> Iterator[str]:
    facts, verdicts, here = _read(folder, reports)
    yield f"## {facts['title']}: {facts['data']}\n"
    for question in verdicts["questions"]:
        reason = f" ({question['reason']})" if question["reason"] else ""
        yield from _wrapped(f"**{question['verdict']}**{reason}: {question['asks']}")
        for row in question["rows"]:
            if row["role"] == "primary":
                yield from _wrapped(row["sentence"], bullet="- ")
        yield ""
        yield from _wrapped(question["scope"])
        yield ""
    pilot, comparisons = facts["pilot"], _comparisons(verdicts)
    if pilot:
        yield from _wrapped(
            "Seeds of the baseline alone, on test; what the answer's blocks find at that spread. "
            + sentence(pilot, comparisons=comparisons)
        )
        yield from ["", *table(pilot, comparisons=comparisons), ""]
    if facts["control"]:
        yield from _wrapped(f"Control: {'; '.join(_control(one) for one in facts['control'])}.")
        yield ""
    failed = f", {facts['failed']} failed" if facts["failed"] else ""
    yield from _wrapped(
        f"{facts['runs']} runs{failed}; [report]({here}/report.md), [page]({here}/report.html), "
        f"[verdict.json]({here}/verdict.json), [tables]({here}/tables). To repeat it:"
    )
    yield f"\n```bash\n{facts['command']}\n```\n"


def _read(folder: Path, reports: Path) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Return what a published folder says of itself, its verdicts, and where it lies."""
    facts, verdicts = (
        json.loads((folder / name).read_text(encoding="utf-8")) for name in (FACTS, "verdict.json")
    )
    return facts, verdicts, folder.relative_to(reports).as_posix()


def _control(one: Mapping[str, Any]) -> str:
    """Return what was claimed of a question once its labels meant nothing."""
    judged = "as alpha allows" if one["claims"] <= one["most"] else "MORE THAN ALPHA ALLOWS"
    return (
        f"{one['question']} with labels shuffled {one['shuffles']} times: something claimed in "
        f"{one['claims']}, {judged} (at most {one['most']})"
    )


def _comparisons(verdicts: Mapping[str, Any]) -> int:
    """Return the size of the largest family of primary rows."""
    return max(
        (sum(row["role"] == "primary" for row in one["rows"]) for one in verdicts["questions"]),
        default=1,
    )


def _wrapped(text: str, *, bullet: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=bullet, subsequent_indent=" " * len(bullet),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _compress(path: Path) -> None:
    """Replace a file by its gzip, whose bytes depend on the content alone."""
    packed = gzip.compress(path.read_bytes(), mtime=0)
    path.with_name(f"{path.name}.gz").write_bytes(packed)
    path.unlink()
