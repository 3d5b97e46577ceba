"""One table per question over all published studies that ask it: what repeats, what does not."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any, Final

from ablate.analysis.contrasts import INTERACTION, LINEAR, QUADRATIC
from ablate.analysis.question import label_of, metric_label
from ablate.analysis.sentences import told_in

BETTER, WORSE, SAME, OPEN = "▲", "▼", "≈", "○"
VALUES_OF: Final = re.compile(rf"^{INTERACTION}\S+ \((.+) vs (.+)\) x \S+ \((.+) vs (.+)\)$")
MARKS: Final = {"practically equivalent": SAME, "undecided": OPEN, "not answerable": "×"}
LEGEND: Final = (
    "Differences in % of the pilot's mean: separate runs of the baseline, not tuned, which may "
    "score otherwise than the tuned baseline of the answer. Intervals are of before the correction "
    "for several comparisons, marks of after it, so that an interval beside 0 may stand with "
    f"{OPEN}. {BETTER} better and {WORSE} worse, beyond chance; {SAME} practically equivalent, "
    f"inside the smallest effect that the report registered; {OPEN} undecided; × not answerable. "
    "*Supported* as a whole: there is a difference, to either side. Linear and quadratic: trends, "
    "as the weighted mean of the values with positive weight minus that of the others; "
    "interactions, (a vs b) x (c vs d): by how much the difference a vs b is larger at c than at "
    "d. *Probe*: no network, the pixels of test crops are optimised. Studies are repetitions "
    "beside each other, never pooled, and nothing is corrected across them. They share one table "
    "of seeds and tuning points, those on one data set also the splits, and questions with the "
    "same baseline its runs: that they agree says less than independent repetitions would."
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


def studies(several: Sequence[tuple[Asked, str]]) -> Iterator[str]:
    """Yield the lines of a small Markdown table: a row per study, a column per primary metric.

    Args:
        several: Answers to one question, each with the folder of its report.
    """
    metrics = list(dict.fromkeys(metric for one, _ in several for metric, _ in one.rows))
    yield f"| network, data | answer | {' | '.join(map(metric_label, metrics))} |"
    yield "|---" * (len(metrics) + 2) + "|"
    for one, folder in several:
        cells = [_headline(one, metric) for metric in metrics]
        linked = f"[{one.where}]({folder})"
        yield f"| {' | '.join((linked, _of_question(one.question), *cells))} |"


def _headline(one: Asked, metric: str) -> str:
    """Return the largest difference of a metric, of those beyond chance where there are any."""
    rows = [row for (name, _), row in one.rows.items() if name == metric]
    rows = [row for row in rows if not row["contrast"].startswith((LINEAR, QUADRATIC))] or rows
    sure = [row for row in rows if row["verdict"] not in MARKS]
    known = [row for row in sure or rows if row["estimate"] is not None]
    if not known:
        return _of_row(rows[0] if rows else None)
    largest = max(known, key=lambda row: abs(row["estimate"]))
    values = VALUES_OF.match(largest["contrast"])
    name = (
        _sized(largest, one.question) + "; the second minus the first:"
        if values and largest["percent"]
        else _named(largest).removeprefix(largest["factor"]).lstrip() + ":"
    )
    counted = f"; {len(sure)} of {len(rows)} beyond chance" if len(rows) > 1 else ""
    return f"{name} {_of_row(largest)}{counted}"


def glance(several: Sequence[Asked]) -> Iterator[str]:
    """Yield the lines of a Markdown table with a row per study: what lies beyond chance, in short.

    Guardrails stand there where they are worse beyond chance. Trends are left to the other table.
    Of an interaction stands the difference at either value, since more of a loss is no gain.
    """
    is_crossed = any(VALUES_OF.match(name) for one in several for _, name in one.rows)
    sides = ["differs beyond chance"] if is_crossed else [f"better {BETTER}", f"worse {WORSE}"]
    if named := {row["factor"] for one in several for row in one.rows.values()}:
        sides[0] = f"{', '.join(sorted(named))}: {sides[0]}"
    yield f"| network, data | as a whole | {' | '.join(sides)} | else |"
    yield "|---" * (len(sides) + 3) + "|"
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
        told = [
            [row for row in sure if row["is_better"]],
            [row for row in sure if not row["is_better"]] + lost,
        ]
        told = [[*told[0], *told[1]]] if is_crossed else told
        marks = Counter(
            (metric_label(row["metric"]), MARKS[row["verdict"]])
            for row in deciding
            if row["verdict"] in MARKS
        )
        rest = ", ".join(f"{metric} {count} {mark}" for (metric, mark), count in marks.items())
        sizes = [_sizes(rows, one.question) for rows in told]
        cells = (one.where, _of_question(one.question), *sizes, rest)
        yield f"| {' | '.join(cell or '–' for cell in cells)} |"


def _sizes(rows: Sequence[Mapping[str, Any]], question: Mapping[str, Any]) -> str:
    """Return per metric the contrasts with their size."""
    told = []
    for metric in dict.fromkeys(row["metric"] for row in rows):
        sizes = [_sized(row, question) for row in rows if row["metric"] == metric]
        told.append(f"{metric_label(metric)}: {', '.join(sizes)}")
    return "; ".join(told)


def _sized(row: Mapping[str, Any], question: Mapping[str, Any]) -> str:
    """Return a contrast with its size; an interaction as the difference at either value."""
    name, estimate, percent = row["contrast"], row["estimate"], row["percent"]
    if percent is None or not estimate:
        return f"{name} {estimate:+.3g}"
    if not (found := VALUES_OF.match(name)):
        return f"{_named(row).removeprefix(row['factor']).lstrip()} {percent:+.1f} %"
    value, base, second, second_base = found.groups()
    gaps = [
        _mean(question, row["metric"], f"{value} x {at}")
        - _mean(question, row["metric"], f"{base} x {at}")
        for at in (second_base, second)
    ]
    before, after = (gap * percent / estimate for gap in gaps)
    return f"{value} vs {base} {before:+.1f} % at {second_base} and {after:+.1f} % at {second}"


def _mean(question: Mapping[str, Any], metric: str, value: str) -> float:
    """Return the mean over blocks of a value."""
    return mean(
        float(cell["score"])
        for cell in question["cells"]
        if cell["metric"] == metric and cell["value"] == value
    )


def table(several: Sequence[Asked]) -> Iterator[str]:
    """Yield the lines of a Markdown table: a column per study, a row per metric and contrast."""
    yield f"| network, data | {' | '.join(one.where for one in several)} |"
    yield "|---|" + "---|" * len(several)
    yield f"| the question | {' | '.join(_of_question(one.question) for one in several)} |"
    for title, told in (("smallest effects", _margins), ("pilot, tuned baseline", _baselines)):
        context = [told(one) for one in several]
        if any(context):
            yield f"| {title} | {' | '.join(cell or '–' for cell in context)} |"
    named: dict[tuple[str, str], str] = {}
    for one in several:
        named |= {key: _named(row) for key, row in one.rows.items() if key not in named}
    metrics = list(dict.fromkeys(metric for metric, _ in named))
    for key in sorted(named, key=lambda key: metrics.index(key[0])):  # else in their order
        cells = [_of_row(one.rows.get(key)) for one in several]
        yield f"| {metric_label(key[0])}: {named[key]} | {' | '.join(cells)} |"


def _margins(one: Asked) -> str:
    """Return the registered smallest effects in % of the pilot."""
    pilots = _pilots(one)
    told = {
        row["metric"]: f"{100 * row['smallest_effect'] / abs(pilots[row['metric']]):.2g} %"
        for row in one.rows.values()
        if row["smallest_effect"] and row["metric"] in pilots
    }
    return ", ".join(f"{metric_label(metric)} {size}" for metric, size in told.items())


def _baselines(one: Asked) -> str:
    """Return what percentages refer to, and the mean of the tuned baseline beside it."""
    baseline, pilots = _baseline(one), _pilots(one)
    if baseline is None:
        return ""
    told = [
        f"{metric_label(metric)} {mean_:.3f}, {_mean(one.question, metric, baseline):.3f}"
        for metric, mean_ in pilots.items()
    ]
    return "; ".join(told)


def _baseline(one: Asked) -> Any:
    """Return the baseline of a question; of a document before it was written, what most rows say.

    None where those are contrasts of other values.
    """
    if "baseline" in one.question:
        return one.question["baseline"]
    counts = Counter(
        row["baseline"]
        for (_, contrast), row in one.rows.items()
        if contrast == f"{label_of(row['value'])} vs {label_of(row['baseline'])}"
    )
    return counts.most_common(1)[0][0] if counts else None


def _pilots(one: Asked) -> dict[str, float]:
    """Return metric -> mean of the pilot, where rows have a percentage of it."""
    return {
        row["metric"]: 100 * row["estimate"] / row["percent"]
        for row in one.rows.values()
        if row["percent"] and row["estimate"]
    }


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
