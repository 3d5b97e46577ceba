"""One table per question over all published studies that ask it: what repeats, what does not."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from statistics import mean
from typing import Final

from ablate.analysis.contrasts import INTERACTION, LINEAR, QUADRATIC
from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.question import label_of, metric_label
from ablate.analysis.sentences import scope_parts
from ablate.analysis.verdict import Row
from ablate.published import Value
from ablate.tables import NONE, to_markdown
from ablate.tables import table as tabled

BETTER, WORSE, SAME, OPEN = "▲", "▼", "≈", "○"
VALUES_OF: Final = re.compile(rf"^{INTERACTION}\S+ \((.+) vs (.+)\) x \S+ \((.+) vs (.+)\)$")
MARKS: Final = {"practically equivalent": SAME, "undecided": OPEN, "not answerable": "×"}
LEGEND: Final = (
    "Differences and smallest effects in % of the tuned baseline; what a study registered in % of "
    "its pilot, separate untuned runs, is converted. Intervals are not corrected for "
    f"several comparisons, marks are: an interval that excludes 0 may have the mark {OPEN}. "
    f"{BETTER} better and {WORSE} worse, beyond chance; {SAME} practically equivalent, "
    f"inside the smallest effect that the report registered; {OPEN} undecided; × not answerable. "
    "*Supported* as a whole: there is a difference, to either side. Linear and quadratic: trends, "
    "as the weighted mean of the values with positive weight minus that of the others; "
    "interactions, (a vs b) x (c vs d): by how much the difference a vs b is larger at c than at "
    "d. *Probe*: no network, the pixels of test crops are optimised. Studies are repetitions "
    "beside each other, and nothing is corrected across them. Those begun before "
    "version 3 of the defaults share one table of seeds and tuning points, those on one data set "
    "also the splits, and questions with the same baseline its runs: that they agree says less "
    "than independent repetitions would."
)


def where(question: AnsweredQuestion) -> str:
    """What was trained, and on which data."""
    scope = scope_parts(question.scope)
    return ", ".join(scope[part] for part in ("network", "data") if part in scope)


def studies(
    several: Sequence[tuple[AnsweredQuestion, str]], *, together: Sequence[Sequence[str]] = ()
) -> Iterator[str]:
    """Yield the lines of a small Markdown table: a row per study, a column per primary metric.

    Args:
        several: Answers to one question, each with the folder of its report.
        together: Rows below them: what the studies show together.
    """
    several = [(in_tuned_percent(one), folder) for one, folder in several]
    metrics = list(dict.fromkeys(row.metric for one, _ in several for row in one.deciding))
    rows = [
        [f"[{where(one)}]({folder})", _verdict(one), *(_headline(one, name) for name in metrics)]
        for one, folder in several
    ]
    heads = ["network, data", "answer", *map(metric_label, metrics)]
    yield from _lines(heads, [*rows, *(list(row) for row in together)])


def _headline(one: AnsweredQuestion, metric: str) -> str:
    """Return the largest difference of a metric, of those beyond chance where there are any."""
    rows = [row for row in one.deciding if row.metric == metric]
    rows = [row for row in rows if not row.contrast.startswith((LINEAR, QUADRATIC))] or rows
    if not rows:
        return _of_row(None)
    sure = [row for row in rows if row.verdict not in MARKS]
    largest = max(sure or rows, key=lambda row: abs(row.estimate))
    values = VALUES_OF.match(largest.contrast)
    name = (
        _sized(largest, one) + "; the second minus the first:"
        if values and largest.percent
        else _named(largest).removeprefix(largest.factor).lstrip() + ":"
    )
    counted = f"; {len(sure)} of {len(rows)} beyond chance" if len(rows) > 1 else ""
    return f"{name} {_of_row(largest)}{counted}"


def glance(several: Sequence[AnsweredQuestion]) -> Iterator[str]:
    """Yield the lines of a Markdown table with a row per study: what lies beyond chance, in short.

    Guardrails are there where they are worse beyond chance. Trends are left to the other table. An
    interaction is shown as the difference at either value, since more of a loss is not a gain.
    """
    several = [in_tuned_percent(one) for one in several]
    is_crossed = any(VALUES_OF.match(row.contrast) for one in several for row in one.deciding)
    sides = ["differs beyond chance"] if is_crossed else [f"better {BETTER}", f"worse {WORSE}"]
    if named := {row.factor for one in several for row in one.deciding}:
        sides[0] = f"{', '.join(sorted(named))}: {sides[0]}"
    yield from _lines(
        ["network, data", "as a whole", *sides, "else"],
        map(_at_a_glance, several, [is_crossed] * len(several)),
    )


def _at_a_glance(question: AnsweredQuestion, is_crossed: bool) -> list[str]:
    rows = [row for row in question.rows if not row.contrast.startswith((LINEAR, QUADRATIC))]
    metrics = list(dict.fromkeys(row.metric for row in rows))
    rows.sort(key=lambda row: metrics.index(row.metric))
    deciding = [row for row in rows if row.role == "primary"]
    sure = [row for row in deciding if row.verdict not in MARKS]
    better = [row for row in sure if row.is_better]
    worse = [row for row in sure if not row.is_better]
    worse += [
        row
        for row in rows
        if row.role == "guardrail" and row.is_better is False
        if row.p_holm is not None and row.p_holm < question.alpha
    ]
    shown = [[*better, *worse]] if is_crossed else [better, worse]
    marks = Counter(
        (metric_label(row.metric), MARKS[row.verdict]) for row in deciding if row.verdict in MARKS
    )
    rest = ", ".join(f"{metric} {count} {mark}" for (metric, mark), count in marks.items())
    sizes = [_sizes(rows, question) for rows in shown]
    return [where(question), _verdict(question), *sizes, rest]


def _sizes(rows: Sequence[Row], question: AnsweredQuestion) -> str:
    """Per metric the contrasts with their size."""
    parts = []
    for metric in dict.fromkeys(row.metric for row in rows):
        sizes = [_sized(row, question) for row in rows if row.metric == metric]
        parts.append(f"{metric_label(metric)}: {', '.join(sizes)}")
    return "; ".join(parts)


def _sized(row: Row, question: AnsweredQuestion) -> str:
    """A contrast with its size; an interaction as the difference at either value."""
    name, scale = row.contrast, row.to_percent
    if scale is None:
        return f"{name} {row.estimate:+.3g}"
    if not (found := VALUES_OF.match(name)):
        return f"{_named(row).removeprefix(row.factor).lstrip()} {row.percent:+.1f} %"
    value, base, second, second_base = found.groups()
    gaps = [
        _mean(question, row.metric, f"{value} x {at}")
        - _mean(question, row.metric, f"{base} x {at}")
        for at in (second_base, second)
    ]
    before, after = (gap * scale for gap in gaps)
    return f"{value} vs {base} {before:+.1f} % at {second_base} and {after:+.1f} % at {second}"


def _mean(question: AnsweredQuestion, metric: str, value: Value) -> float:
    """Mean over blocks of a value."""
    return mean(
        float(cell.score)
        for cell in question.cells
        if cell.metric == metric and cell.value == value
    )


def table(several: Sequence[AnsweredQuestion]) -> Iterator[str]:
    """Yield the lines of a Markdown table: a column per study, a row per metric and contrast."""
    rows: list[list[str]] = [["the question", *map(_verdict, several)]]
    pilots = [_baselines(one) for one in several]
    several = [in_tuned_percent(one) for one in several]
    margins = [_margins(one) for one in several]
    for title, context in (("smallest effects", margins), ("pilot, tuned baseline", pilots)):
        rows += [[title, *context]] if any(context) else []
    keyed = [{(row.metric, row.contrast): row for row in one.deciding} for one in several]
    named: dict[tuple[str, str], str] = {}
    for mine in keyed:
        named |= {key: _named(row) for key, row in mine.items() if key not in named}
    metrics = list(dict.fromkeys(metric for metric, _ in named))
    for key in sorted(named, key=lambda key: metrics.index(key[0])):  # else in their order
        cells = [_of_row(mine.get(key)) for mine in keyed]
        rows.append([f"{metric_label(key[0])}: {named[key]}", *cells])
    yield from _lines(["network, data", *map(where, several)], rows)


def _lines(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table whose cells may hold emphasis; bars in names do not end a cell."""
    made = tabled(heads, ([cell or NONE for cell in row] for row in rows))
    return to_markdown(made, escape=lambda text: text.replace("|", r"\|")).split("\n")


def in_tuned_percent(question: AnsweredQuestion) -> AnsweredQuestion:
    """Return a question with its rows in percent of the tuned baseline.

    Documents in percent of the pilot are converted where their cells know the baseline.
    """
    baseline = baseline_of(question)
    if question.percent_of != "pilot" or baseline is None:
        return question
    metrics = {cell.metric for cell in question.cells if cell.value == baseline}
    means = {metric: abs(_mean(question, metric, baseline)) for metric in metrics}
    rows = [
        replace(row, percent=100 * row.estimate / means[row.metric])
        if row.percent is not None and means.get(row.metric)
        else row
        for row in question.rows
    ]
    return replace(question, rows=tuple(rows), percent_of="tuned_baseline")


def _margins(question: AnsweredQuestion) -> str:
    """The registered smallest effects in % of what effects are."""
    bases = _bases(question)
    sizes = {
        row.metric: f"{100 * row.smallest_effect / abs(bases[row.metric]):.2g} %"
        for row in question.deciding
        if row.smallest_effect and row.metric in bases
    }
    return ", ".join(f"{metric_label(metric)} {size}" for metric, size in sizes.items())


def _baselines(question: AnsweredQuestion) -> str:
    """The mean of the pilot and of the tuned baseline, of documents in percent of the former."""
    baseline, pilots = baseline_of(question), _bases(question)
    if baseline is None or question.percent_of != "pilot":
        return ""
    means = [
        f"{metric_label(metric)} {mean_:.3f}, {_mean(question, metric, baseline):.3f}"
        for metric, mean_ in pilots.items()
    ]
    return "; ".join(means)


def baseline_of(question: AnsweredQuestion) -> Value | None:
    """The baseline; of a document that does not name it, the one that most rows compare with.

    None where rows are contrasts of other values.
    """
    if question.baseline is not None:
        return question.baseline
    counts = Counter(
        row.baseline
        for row in question.deciding
        if row.value is not None
        and row.baseline is not None
        and row.contrast == f"{label_of(row.value)} vs {label_of(row.baseline)}"
    )
    return counts.most_common(1)[0][0] if counts else None


def _bases(question: AnsweredQuestion) -> dict[str, float]:
    """Metric -> mean that percentages refer to, where rows have any."""
    return {
        row.metric: 100 * row.estimate / row.percent
        for row in question.deciding
        if row.percent and row.estimate
    }


def _verdict(question: AnsweredQuestion) -> str:
    return f"**{question.counted}**"


def _named(row: Row) -> str:
    """A contrast with the values that it compares."""
    if row.value is None or row.baseline is None:
        return row.contrast
    pair = f"{label_of(row.value)} vs {label_of(row.baseline)}"
    return f"{row.factor} {pair}" if row.contrast == pair else f"{row.contrast} ({pair})"


def _of_row(row: Row | None) -> str:
    """Estimate, interval and mark; a dash where a study has no such comparison."""
    if row is None:
        return NONE
    mark = MARKS.get(row.verdict, BETTER if row.is_better else WORSE)
    if row.to_percent is None or row.ci_low is None or row.ci_high is None:
        return f"{row.estimate:+.3g} {mark}"
    ends = sorted((row.ci_low * row.to_percent, row.ci_high * row.to_percent))
    return f"{row.percent:+.2f} ({ends[0]:+.2f} to {ends[1]:+.2f}) {mark}"
