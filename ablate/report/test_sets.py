"""Further test sets in a report: what they are, effects side by side, and scores per set."""

from dataclasses import replace

import pandas as pd

from ablate.analysis.document import AnsweredQuestion, OnSet
from ablate.analysis.table import arms, designed
from ablate.analysis.verdict import Row
from ablate.metrics.catalogue import on_sets, set_of
from ablate.report.contents import Contents
from ablate.report.paper_table import Source
from ablate.report.values import metric_of
from ablate.settings.data import OWN
from ablate.tables import NONE, Cell, Table, number, signed, table

NOTE = (
    "The weights of every run, scored as they are: nothing was tuned or chosen on these images. "
    "Effects in % of the tuned baseline on the same set, with their intervals; * shown by the test "
    "that is corrected over everything the question registered. What no question asked there has "
    "no test."
)


def sets_table(contents: Contents) -> Table:
    """Return a row per further test set: its data, pairs, scenes, protocol and hash."""
    facts = contents.facts
    rows: list[list[Cell | str]] = [
        [
            one.name,
            one.label,
            str(one.count),
            str(len(set(one.groups.values()))) if one.groups else NONE,
            one.protocol,
            one.hash,
        ]
        for one in facts.tests
    ]
    return table(["set", "data", facts.items, "scenes", "protocol", "hash"], rows)


def effects_table(question: AnsweredQuestion) -> Table:
    """Return a row per contrast and primary metric, the study's own test part before the others."""
    metrics = list(dict.fromkeys(set_of(one)[1] for one in question.primary))
    own = {(row.contrast, row.metric): row for row in question.rows}
    sets = {
        one.name: {(row.contrast, row.metric): row for row in one.rows} for one in question.on_sets
    }
    keys = [
        (contrast, metric)
        for contrast in question.weights
        for metric in metrics
        if any((contrast, metric) in rows for rows in (own, *sets.values()))
    ]
    rows: list[list[Cell | str]] = [
        [
            contrast,
            metric_of(metric),
            *(
                _effect(some.get((contrast, metric)), alpha=question.alpha)
                for some in (own, *sets.values())
            ),
        ]
        for contrast, metric in keys
    ]
    return table(["contrast", "metric", OWN, *sets], rows)


def _effect(row: Row | None, *, alpha: float) -> str:
    if row is None:
        return NONE
    scale, unit, decimals = (row.to_percent, " %", 2) if row.to_percent else (1.0, "", 4)
    star = "*" if row.p_holm is not None and row.p_holm < alpha and row.role == "primary" else ""
    text = f"{signed(row.estimate * scale, decimals)}{unit}{star}"
    if row.ci_low is None or row.ci_high is None:
        return text
    low, high = sorted((row.ci_low * scale, row.ci_high * scale))
    return f"{text} ({signed(low, decimals)} to {signed(high, decimals)})"


def sources_on_sets(source: Source) -> list[Source]:
    """Return an answer on the study's own test part and on each further set that has scores."""
    question, beside = source.question, source.comparators
    own = replace(
        question,
        rows=tuple(row for row in question.rows if not set_of(row.metric)[0]),
        cells=tuple(cell for cell in question.cells if not set_of(cell.metric)[0]),
        on_sets=(),
    )
    found = [replace(source, question=own)]
    for one in question.on_sets:
        prefix = f"{one.name}/"
        of_set = beside[beside["metric"].astype(str).str.startswith(prefix)]
        if one.cells:
            found.append(
                replace(
                    source,
                    label=one.name,
                    question=_on_set(question, one),
                    comparators=of_set.assign(metric=of_set["metric"].str.removeprefix(prefix)),
                )
            )
    return found


def _on_set(question: AnsweredQuestion, one: OnSet) -> AnsweredQuestion:
    """Return a question with the rows and cells of a further set; primary metrics stay those."""
    primary = {set_of(metric)[1] for metric in question.primary}
    prefix = f"{one.name}/"
    chosen: dict[str, dict[str, tuple[object, ...]]] = {
        key: {
            metric.removeprefix(prefix): values
            for metric, values in getattr(question, key).items()
            if metric.startswith(prefix)
        }
        for key in ("best", "places")
    }
    rows = (
        replace(row, role="primary" if row.metric in primary else "secondary") for row in one.rows
    )
    return replace(question, rows=tuple(rows), cells=one.cells, on_sets=(), **chosen)  # type: ignore[arg-type]


def arms_on_sets(contents: Contents) -> Table:
    """Return a row per designed arm and further set: mean ± sd over runs of every metric."""
    facts = contents.facts
    runs = designed(contents.runs, facts)
    rows: list[list[Cell | str]] = []
    for one in facts.tests:
        names = on_sets(facts.metrics, [one.name])
        means = arms(runs, names).set_index(["arm", "metric"])
        rows += [
            [one.name, str(arm), *(_spread(means.loc[(arm, name)]) for name in names)]
            for arm in dict.fromkeys(runs["arm"])
        ]
        beside = contents.comparators.set_index(["label", "metric"])["value"]
        rows += [
            [one.name, str(label), *(number(beside.get((label, name)), 4) for name in names)]
            for label in beside.index.unique("label")
        ]
    return table(["set", "arm", *map(metric_of, facts.metrics)], rows)


def _spread(row: pd.Series) -> str:
    text = number(row["mean"], 4)
    return text if pd.isna(row["sd"]) else f"{text} ± {number(row['sd'], 4)}"
