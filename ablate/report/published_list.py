"""Pages over published reports.

README.md has one small table per question, COMPARISONS.md every comparison of every study, and a
README.md in the folder of a report its answers, its pilot and how to repeat it.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.analysis.question import metric_label
from ablate.analysis.table import REFERENCE
from ablate.metrics.copies import sentence as gamed_note
from ablate.report.pilots import sentence, table
from ablate.report.replications import LEGEND, Asked, glance, studies
from ablate.report.replications import table as side_by_side
from ablate.report.values import gamed_values

FACTS = "published.json"
NOTICE = "NOTICE.md"  # what readers must know first; kept by hand beside the reports
WIDTH = 100
OTHERS = "COMPARISONS.md"
HEAD = """# Published reports

Made by `ablate report STUDY --publish reports`; this page and every number in the folders are
generated. A row is a study, its folder has the report, the tables and the command that repeats it.
An effect is the largest difference of a primary metric that lies beyond chance, else the largest,
in % of the pilot's mean and with its interval. [Every comparison](COMPARISONS.md) has its own page.
"""
HEAD_OF_OTHERS = """# Every comparison of the published reports

Generated, like the [list of reports](README.md). Each sentence is that of the study's
`verdict.json`; its scope says what it is worth.
"""


def index(reports: Path) -> str:
    """Return the page of every report below a folder: a small table per question.

    A file NOTICE.md in the folder stands at the head of the page, as it is.
    """
    notice = reports / NOTICE
    head = f"{HEAD}\n{notice.read_text('utf-8')}" if notice.is_file() else HEAD
    lines = [head]
    for asks, several in _questions(reports).items():
        lines += [f"## {asks}", "", *studies([(asked, here) for asked, here, _ in several]), ""]
    if len(lines) > 1:
        lines += [*_wrapped(LEGEND), ""]
    return "\n".join(lines)


def comparisons(reports: Path) -> str:
    """Return the page with every comparison of every study, a column per study."""
    lines = [HEAD_OF_OTHERS]
    for asks, several in _questions(reports).items():
        lines += [f"## {asks}", "", *glance([asked for asked, _, _ in several]), ""]
        lines += [*side_by_side([asked for asked, _, _ in several]), ""]
        for _, _, told in several:
            lines += _wrapped(told, bullet="- ")
        lines.append("")
    return "\n".join([*lines, *_wrapped(LEGEND), ""])


def folder_page(folder: Path, reports: Path) -> str:
    """Return the page of one published report: its answers, its pilot, how to repeat it."""
    return "\n".join(_entry(folder, reports))


def _questions(reports: Path) -> dict[str, list[tuple[Asked, str, str]]]:
    """Return each question with its studies: the answer, its folder, what else is said of it."""
    questions: dict[str, list[tuple[Asked, str, str]]] = {}
    for folder in sorted(path.parent for path in reports.glob(f"*/*/{FACTS}")):
        facts, verdicts, here = _read(folder, reports)
        beside = _comparators(facts)
        for question in verdicts["questions"]:
            asked = Asked(question=question)
            notes = "".join(f" {text.rstrip('.')}." for text in question["notes"])
            if told := gamed_note(gamed_values(question, beside)):
                notes += f" {told}"
            line = f"{asked.where}: {_verdict(question)}.{notes} [Report]({here}/report.md); "
            line += f"`{facts['command']}`"
            questions.setdefault(asked.asks, []).append((asked, here, line))
    return questions


def _verdict(question: Mapping[str, Any]) -> str:
    return _reasoned(f"**{question['verdict']}**", question["reason"])


def _reasoned(verdict: str, reason: str) -> str:
    return f"{verdict} ({reason})" if reason else verdict


def _entry(folder: Path, reports: Path) -> Iterator[str]:
    facts, verdicts, _ = _read(folder, reports)
    beside = _comparators(facts)
    yield f"# {facts['title']}: {facts['data']}\n"
    if facts.get("banner"):
        yield from [*_wrapped(f"**{facts['banner']}**"), ""]
    for question in verdicts["questions"]:
        yield from _wrapped(f"{_verdict(question)}: {question['asks']}", bullet="- ")
    yield ""
    if len(beside):
        yield from [*_wrapped(_of_comparators(beside)), ""]
    pilot, comparisons = facts["pilot"], _comparisons(verdicts)
    if pilot:
        yield from _wrapped(
            "Before the answer: the spread over seeds of the baseline alone, on test, and what a "
            "number of blocks would find at that spread. In the answer blocks also differ in "
            "split and tuning, and images add what no block removes: its rows count. "
            + sentence(pilot, comparisons=comparisons, smallest=_smallest(verdicts))
        )
        yield from ["", *table(pilot, comparisons=comparisons), ""]
        yield from [*_wrapped(_as_paired(verdicts["questions"])), ""]
    if facts["control"]:
        yield from _wrapped(f"Control: {'; '.join(_control(one) for one in facts['control'])}.")
        yield ""
    failed = f", {facts['failed']} failed" if facts["failed"] else ""
    failed += f", {facts['unhealthy']} ended unhealthy" if facts.get("unhealthy") else ""
    yield from _wrapped(
        f"{facts['runs']} runs{failed}; [report](report.md), [page](report.html), "
        "[verdict.json](verdict.json), [tables](tables). To repeat it, at revision "
        f"{facts['revision'].partition('+')[0][:12]} (design {verdicts['design_hash']}, data "
        f"{verdicts['data']['hash']}), on one kind of processor to the last digit:"
    )
    yield f"\n```bash\n{facts['command']}\n```\n"


def _comparators(facts: Mapping[str, Any]) -> pd.DataFrame:
    """Return kind, name, label, metric and value of what stands beside the arms."""
    old = [  # of version 0.1: rule -> metric -> mean
        {"kind": "rule", "name": rule, "label": f"rule {rule}", "metric": metric, "value": value}
        for rule, means in facts.get("rules", {}).items()
        for metric, value in means.items()
    ]
    columns = ["kind", "name", "label", "metric", "value"]
    return pd.DataFrame(facts.get("comparators", old), columns=columns)


def _of_comparators(comparators: pd.DataFrame) -> str:
    """Return what copies and rules score without training, then the references."""
    told: dict[bool, list[str]] = {}
    for label, rows in comparators.groupby("label", sort=False):
        scores = [
            f"{metric_label(metric)} {value:g}"
            for metric, value in zip(rows["metric"], rows["value"], strict=True)
        ]
        is_reference = rows["kind"].iloc[0] == REFERENCE
        told.setdefault(is_reference, []).append(f"{label} {', '.join(scores)}")
    text = f"Without any training, on the same images: {'; '.join(told.get(False, ()))}."
    return text + (f" Trained elsewhere: {'; '.join(told[True])}." if True in told else "")


def _smallest(verdicts: Mapping[str, Any]) -> dict[str, float]:
    """Return metric -> smallest effect of interest, in its units."""
    return {
        row["metric"]: row["smallest_effect"]
        for question in verdicts["questions"]
        for row in question["rows"]
        if row["smallest_effect"]
    }


def _as_paired(questions: Sequence[Mapping[str, Any]]) -> str:
    """Return what the blocks that were run find, paired as they are, in the hardest comparison."""
    most: dict[str, float] = {}
    for row in (row for question in questions for row in question["rows"]):
        if row["role"] == "primary" and row["detectable"] and row["percent"] and row["estimate"]:
            share = abs(row["detectable"] * row["percent"] / row["estimate"])
            most[row["metric"]] = max(most.get(row["metric"], 0.0), share)
    told = ", ".join(f"{metric_label(name)} {share:.2g} %" for name, share in most.items())
    if not told:  # no spread, or no pilot that percentages could refer to
        return ""
    return f"As run, the answer's blocks can detect in the hardest primary comparison: {told}."


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
        text,
        WIDTH,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_long_words=False,
        break_on_hyphens=False,
    )
