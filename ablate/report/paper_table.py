"""A question as the table of a paper: a row per value, a column per component, cost and metrics.

Several answers to one question, such as those on several data sets, stand side by side. Bold and
underlined is only what the corrected test shows.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.question import label_of, metric_label
from ablate.analysis.table import COMPARED
from ablate.errors import ConfigError
from ablate.metrics.copies import MARK
from ablate.published import Component, Value
from ablate.report.contents import Contents
from ablate.report.replications import baseline_of
from ablate.report.values import gamed_values, metric_of, score_table
from ablate.tables import (
    NONE,
    Cell,
    Table,
    latex_file,
    number,
    signed,
    table,
    to_latex,
    to_markdown,
)

MOST_DECIMALS, MANY = 4, 100  # of a score; percents from here on have none
ON, OFF = "✓", ""  # of a component with two values
GAMED = "†"
COSTS = (  # column of the run table, head, what it is divided by, decimals
    ("facts.parameters", "params (M)", 1e6, 3),
    ("facts.gflops", "GFLOPs", 1.0, 3),
    ("facts.seconds_per_step", "ms/step", 1e-3, 0),
)
NOTE = (
    "Mean ± standard deviation over blocks of the tuning point that won on val. Δ: difference to "
    "the row with a dash, in % of it, with its interval; * shown by the test that is corrected "
    "over all rows and primary metrics. Bold: shown to beat every other row; underlined: shown to "
    "beat every other row but the bold one; a column without either has no shown order. "
    f"{GAMED} {MARK}: an unchanged copy of a source has a better score than every row."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One answer to the question of a table.

    Args:
        label: What stands above its columns, such as the data set; may be empty.
        question: The answer.
        comparators: Mean scores of trivial baselines and references, see
            `ablate.analysis.table.comparators`.
        runs: The run table, for the cost of each row; may be empty.
    """

    label: str
    question: AnsweredQuestion
    comparators: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["kind", "label", *COMPARED])
    )
    runs: pd.DataFrame = field(default_factory=pd.DataFrame)


def paper_table(sources: Sequence[Source]) -> Table:
    """Return the table of one question over one or several answers to it.

    Rows are those of the first answer. A component with two values has check marks, others their
    value; components and cost stand once, metrics per answer.

    Raises:
        ConfigError: The answers are not to the same rows.
    """
    first = sources[0].question
    for other in sources[1:]:
        if other.question.values != first.values:
            here, there = (", ".join(map(label_of, one.values)) for one in (first, other.question))
            raise ConfigError(
                f"{other.label}: {other.question.id} has the rows {there}, not {here}; a table "
                "holds answers to one question"
            )
    rows: list[list[Cell | str]] = [[label_of(value)] for value in first.values]
    heads, groups = [_head(first)], [("", 1)]
    for component in first.components:
        heads.append(component.factor.replace("_", " "))
        for row, value in zip(rows, component.values, strict=True):
            row.append(_mark(component, value))
    costs = _costs(sources[0])
    for head, cells in costs.items():
        heads.append(head)
        for row, text in zip(rows, cells, strict=True):
            row.append(text)
    beside = {str(name): [str(name)] for one in sources for name in one.comparators["label"]}
    below: dict[str, list[Cell | str]] = {
        name: [*cells, *[""] * (len(heads) - 1)] for name, cells in beside.items()
    }
    groups = [("", len(heads))]
    known = [base for one in sources if (base := baseline_of(one.question)) is not None]
    baseline = known[0] if known else first.values[0]  # documents before 0.2 may not name it
    for source in sources:
        metrics = _metrics(source.question)
        gamed = gamed_values(source.question, source.comparators)
        heads += [
            head
            for metric in metrics
            for head in _heads(source.question, metric, is_gamed=metric in gamed)
        ]
        groups.append((source.label, len(heads) - sum(count for _, count in groups)))
        for row, value in zip(rows, first.values, strict=True):
            row.extend(_scores(source.question, value, metrics, baseline=baseline))
        for name, row in below.items():
            row.extend(_beside(source, name, metrics))
    named = groups if len(sources) > 1 else ()
    rules = [len(rows)] if below else []
    return table(heads, [*rows, *below.values()], rules=rules, groups=named)


def as_latex(tables: Mapping[str, Table]) -> str:
    """Return tables by name as one file for LaTeX, each under a comment."""
    return latex_file(
        to_latex(made, comments=[name, NOTE], is_centred=True) for name, made in tables.items()
    )


def as_markdown(tables: Mapping[str, Table]) -> str:
    """Return tables by name as one Markdown page."""
    parts = [f"## {name}\n\n{to_markdown(made)}\n" for name, made in tables.items()]
    return "\n".join([*parts, NOTE, ""])


def tabled(contents: Contents) -> list[AnsweredQuestion]:
    """Return the questions whose values can be rows of a table: with scores, no interactions."""
    return [one for one in contents.answered if one.cells and one.agreement is None]


def source_of(contents: Contents, question: AnsweredQuestion, *, label: str = "") -> Source:
    """Return the answer to a question with what stands beside it in a report."""
    return Source(
        label=label, question=question, comparators=contents.comparators, runs=contents.runs
    )


def _head(question: AnsweredQuestion) -> str:
    return "" if question.components else (question.factor or "value")


def _mark(component: Component, value: Value) -> str:
    """Return a check mark where a component is there, "" where it is not, else its value."""
    values = set(map(label_of, component.values))
    if component.off is not None and len(values) <= 2:
        return OFF if label_of(value) == label_of(component.off) else ON
    return label_of(value)


def _metrics(question: AnsweredQuestion) -> list[str]:
    """Return the metrics that have scores, primary ones first."""
    scored = dict.fromkeys(cell.metric for cell in question.cells)
    first = [metric for metric in question.primary if metric in scored]
    return list(dict.fromkeys([*first, *scored]))


def _heads(question: AnsweredQuestion, metric: str, *, is_gamed: bool) -> list[str]:
    """Return the head of a metric, and that of its difference where it decides."""
    mark = GAMED if is_gamed else ""
    decides = metric in question.primary
    return [f"{metric_of(metric)}{mark}", *([f"Δ {metric_label(metric)}, %"] if decides else [])]


def _scores(
    question: AnsweredQuestion, value: Value, metrics: Sequence[str], *, baseline: Value | None
) -> list[Cell | str]:
    """Return the cells of a row in one answer."""
    scores = score_table(question)
    cells: list[Cell | str] = []
    for metric in metrics:
        of_metric = scores[scores["metric"] == metric]
        decimals = _decimals(of_metric)
        mine = of_metric.loc[of_metric["value"] == label_of(value), "score"].astype(float)
        text = number(float(mine.mean()) if len(mine) else None, decimals)
        if len(mine) > 1:
            text += f" ± {number(float(mine.std(ddof=1)), decimals)}"
        places = question.places.get(metric, ())
        cells.append(
            Cell(
                text=text,
                is_bold=places[:1] == (value,),
                is_underlined=places[1:] == (value,),
            )
        )
        if metric in question.primary:
            cells.append(_difference(question, value, of_metric, baseline=baseline))
    return cells


def _decimals(scores: pd.DataFrame) -> int:
    """Return the decimals that show two digits of the usual spread, at most four."""
    spread = scores["score"].astype(float).groupby(scores["value"]).std(ddof=1).median()
    if not spread > 0:  # one block, or all alike
        return MOST_DECIMALS
    return min(MOST_DECIMALS, max(0, 1 - math.floor(math.log10(spread))))


def _difference(
    question: AnsweredQuestion, value: Value, scores: pd.DataFrame, *, baseline: Value | None
) -> str:
    """Return the difference to the baseline with its interval; a dash in the baseline's row."""
    metric = scores["metric"].iloc[0]
    base = scores.loc[scores["value"] == label_of("" if baseline is None else baseline), "score"]
    scale = 100 / abs(float(base.mean())) if len(base) and base.mean() else None
    for row in question.rows:
        pair = (row.value, row.baseline)
        turned = pair == (baseline, value)
        is_mine = row.metric == metric and (turned or pair == (value, baseline))
        if not is_mine or scale is None or row.role == "exploratory":
            continue
        sign = -scale if turned else scale
        star = "*" if row.p_holm is not None and row.p_holm < question.alpha else ""
        text = f"{_signed(sign * row.estimate)}{star}"
        if row.ci_low is None or row.ci_high is None:
            return text
        low, high = sorted((sign * row.ci_low, sign * row.ci_high))
        return f"{text} ({_signed(low)}, {_signed(high)})"
    return NONE


def _signed(value: float) -> str:
    return signed(value, 1 if abs(value) < MANY else 0).replace("-", "−")


def _costs(source: Source) -> dict[str, list[str]]:
    """Return head -> the cost of every row, of what the runs have recorded and rows differ in."""
    runs, question = source.runs, source.question
    if runs.empty:
        return {}
    of_value: dict[str, list[str]] = {}
    for winner in question.winners:
        of_value.setdefault(label_of(winner.value), []).append(winner.run_id)
    found = {}
    for column, head, unit, decimals in COSTS:
        if column not in runs or not runs[column].notna().any():
            continue
        means = [
            runs.loc[runs["run_id"].isin(of_value.get(label_of(value), [])), column].median() / unit
            for value in question.values
        ]
        found[head] = [number(mean, decimals) for mean in means]
    return found


def _beside(source: Source, name: str, metrics: Sequence[str]) -> Iterator[Cell | str]:
    """Yield the scores of a trivial baseline or a reference in one answer."""
    mine = source.comparators[source.comparators["label"] == name]
    known = dict(zip(mine["metric"], mine["value"].astype(float), strict=True))
    scores = score_table(source.question)
    for metric in metrics:
        yield number(known.get(metric), _decimals(scores[scores["metric"] == metric]))
        if metric in source.question.primary:
            yield ""
