"""One table per question over all published studies that ask it: what repeats, what does not."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ablate.analysis.contrasts import INTERACTION, LINEAR, QUADRATIC
from ablate.analysis.question import label_of, metric_label
from ablate.analysis.sentences import told_in

BETTER, WORSE, SAME, OPEN = "▲", "▼", "≈", "○"
VALUES_OF: Final = re.compile(rf"^{INTERACTION}\S+ (\(.+\)) x \S+ (\(.+\))$")
MARKS: Final = {"practically equivalent": SAME, "undecided": OPEN, "not answerable": "×"}
LEGEND: Final = (
    f"Differences in % of the pilot's mean. Intervals are of before the correction for several "
    f"comparisons, marks of after it, so that an interval beside 0 may stand with {OPEN}. "
    f"{BETTER} better and {WORSE} worse, beyond chance; {SAME} practically equivalent; {OPEN} "
    "undecided; × not answerable. Linear and quadratic: trends, as the weighted mean of the values "
    "with positive weight minus that of the others; interactions, (a vs b) x (c vs d): by how much "
    "the difference a vs b is larger at c than at d. Studies are repetitions beside each other, "
    "never pooled, and nothing is corrected across them. They share one table of seeds and tuning "
    "points, those on one data set also the splits, and questions with the same baseline its runs: "
    "that they agree says less than independent repetitions would."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as one published study answered it."""

    question: Mapping[str, Any]  # of its verdict.json

    @property
    def asks(self) -> str:
        """Return the question in words; studies that ask the same stand in one table."""
        return str(self.question["asks"])

    @property
    def where(self) -> str:
        """Return what was trained, and on which data."""
        told = told_in(self.question["scope"])
        return ", ".join(told[part] for part in ("network", "data") if part in told)

    @property
    def rows(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Return (metric, contrast) -> row of what decides."""
        return {
            (row["metric"], row["contrast"]): row
            for row in self.question["rows"]
            if row["role"] == "primary"
        }


def glance(several: Sequence[Asked]) -> Iterator[str]:
    """Yield the lines of a Markdown table with a row per study: what lies beyond chance, in short.

    Guardrails stand there where they are worse beyond chance. Trends are left to the other table.
    """
    yield f"| network, data | as a whole | better {BETTER} | worse {WORSE} | else |"
    yield "|---|---|---|---|---|"
    for one in several:
        rows = [
            row
            for row in one.question["rows"]
            if not row["contrast"].startswith((LINEAR, QUADRATIC))
        ]
        metrics = list(dict.fromkeys(row["metric"] for row in rows))
        rows.sort(key=lambda row: metrics.index(row["metric"]))
        deciding = [row for row in rows if row["role"] == "primary"]
        sure = [row for row in deciding if row["verdict"] not in MARKS]
        alpha = one.question["alpha"]
        lost = [
            row
            for row in rows
            if row["role"] == "guardrail" and row["is_better"] is False
            if row["p_holm"] is not None and row["p_holm"] < alpha
        ]
        better = _sizes([row for row in sure if row["is_better"]])
        worse = _sizes([row for row in sure if not row["is_better"]] + lost)
        marks = [MARKS[row["verdict"]] for row in deciding if row["verdict"] in MARKS]
        rest = ", ".join(f"{marks.count(mark)} {mark}" for mark in dict.fromkeys(marks))
        cells = (one.where, _of_question(one.question), better, worse, rest)
        yield f"| {' | '.join(cell or '–' for cell in cells)} |"


def _sizes(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return per metric the contrasts with their size."""
    told = []
    for metric in dict.fromkeys(row["metric"] for row in rows):
        sizes = (
            f"{_short(row['contrast'])} " + (
                f"{row['estimate']:+.3g}" if row["percent"] is None else f"{row['percent']:+.1f} %"
            )
            for row in rows
            if row["metric"] == metric
        )  # fmt: skip
        told.append(f"{metric_label(metric)}: {', '.join(sizes)}")
    return "; ".join(told)


def _short(contrast: str) -> str:
    """Return the name of a contrast; of an interaction only the values.

    Example:
        >>> _short("interaction variant (magnitude vs signed) x weighting (tuned vs fixed)")
        '(magnitude vs signed) x (tuned vs fixed)'
    """
    return VALUES_OF.sub(r"\1 x \2", contrast)


def table(several: Sequence[Asked]) -> Iterator[str]:
    """Yield the lines of a Markdown table: a column per study, a row per metric and contrast."""
    yield f"| network, data | {' | '.join(one.where for one in several)} |"
    yield "|---|" + "---|" * len(several)
    yield f"| the question | {' | '.join(_of_question(one.question) for one in several)} |"
    named: dict[tuple[str, str], str] = {}
    for one in several:
        named |= {key: _named(row) for key, row in one.rows.items() if key not in named}
    metrics = list(dict.fromkeys(metric for metric, _ in named))
    for key in sorted(named, key=lambda key: metrics.index(key[0])):  # else in their order
        cells = [_of_row(one.rows.get(key)) for one in several]
        yield f"| {metric_label(key[0])}: {named[key]} | {' | '.join(cells)} |"


def _of_question(question: Mapping[str, Any]) -> str:
    return f"**{question['verdict']}**"


def _named(row: Mapping[str, Any]) -> str:
    """Return a contrast with what it compares."""
    if row["value"] is None or row["baseline"] is None:
        return str(row["contrast"])
    pair = f"{label_of(row['value'])} vs {label_of(row['baseline'])}"
    return f"{row['factor']} {pair}" if row["contrast"] == pair else f"{row['contrast']} ({pair})"


def _of_row(row: Mapping[str, Any] | None) -> str:
    """Return estimate, interval and mark; a dash where a study has no such comparison."""
    if row is None:
        return "–"
    beyond_chance = BETTER if row["is_better"] else WORSE
    mark = MARKS.get(row["verdict"], beyond_chance)
    estimate, low, high = row["estimate"], row["ci_low"], row["ci_high"]
    if row["percent"] is None or not estimate or low is None:
        return mark if estimate is None else f"{estimate:+.3g} {mark}"
    to_percent = row["percent"] / estimate
    ends = sorted((low * to_percent, high * to_percent))
    return f"{row['percent']:+.2f} ({ends[0]:+.2f} to {ends[1]:+.2f}) {mark}"
