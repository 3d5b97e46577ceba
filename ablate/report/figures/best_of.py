"""Expected best of T tries: how much of a difference is one of tuning budget."""

from dataclasses import asdict
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ablate.analysis.question import label_of, metric_label
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section

COLUMNS = ["question", "source", "value", "tries", "expected", "low", "high", "samples"]
SOURCES = {
    "answer": "tuning points of a block (answer)",
    "explore": "trials, all else varied (exploration)",
}


@FIGURES.register("best_of")
class BestOf:
    """A part per question: points of the blocks, and trials of the exploration."""

    section: Section = "exploration"
    number = 5
    title = "Expected best of T tries"
    caption = (
        "Exploratory, no claim. The expected best val score among T tries of a value, in the "
        "unbiased form. Left: tries are the tuning points of a block, the band is a 95 % t "
        "interval over blocks. Right: tries are non-adaptive trials in which all else varies too; "
        "one sample, no interval, and its right end rests on few trials. Lines that cross say that "
        "the order depends on the budget; lines that still rise, that it was short."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per question, source, value and number of tries."""
        if contents.explored is None or not contents.explored.best_of:
            return NotDrawn("no value has two or more tries")
        rows = [{**asdict(row), "value": label_of(row.value)} for row in contents.explored.best_of]
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return a line per value."""
        metric = metric_label(contents.facts.selecting)
        questions = list(dict.fromkeys(numbers["question"]))
        made, parts = theme.stacked([2.1] * len(questions))
        for part, question in zip(parts, questions, strict=True):
            table = numbers[numbers["question"] == question]
            sources = [name for name in SOURCES if name in set(table["source"])]
            values = _design(contents, question, table)
            axes = part.subplots(1, len(sources), squeeze=False)
            for axis, source in zip(axes.flat, sources, strict=True):
                _draw(axis, table[table["source"] == source], values)
                axis.set(xlabel=f"T: {SOURCES[source]}", ylabel=f"best val {metric}")
            if len(questions) > 1:
                theme.heading(part, question)
            theme.legend_below(part, [_handle(value, values) for value in values])
        return made


def _design(contents: Contents, question: str, table: pd.DataFrame) -> list[str]:
    registered, known = contents.facts.question(question), set(table["value"])
    values = registered.values if registered else ()
    return [label_of(value) for value in values if label_of(value) in known]


def _handle(value: str, values: list[str]) -> Any:
    colour, marker = theme.style(value, values)
    return theme.mark(theme.wrapped(value, 26, lines=1), marker=marker, ms=4, color=colour, ls="-")


def _draw(axis: Axes, some: pd.DataFrame, values: list[str]) -> None:
    for value in values:
        mine = some[some["value"] == value].sort_values("tries")
        colour, marker = theme.style(value, values)
        every = max(1, len(mine) // 8)
        axis.plot(
            mine["tries"],
            mine["expected"],
            color=colour,
            marker=marker,
            ms=3.5,
            lw=1.2,
            markevery=every,
        )
        known = mine.dropna(subset=["low", "high"])
        axis.fill_between(
            known["tries"],
            known["low"].astype(float),
            known["high"].astype(float),
            color=colour,
            alpha=0.15,
            lw=0,
        )
    axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axis.locator_params(axis="y", nbins=5)
