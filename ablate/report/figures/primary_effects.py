"""The effects that decide, for the first page: a block per question, a panel per primary metric."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.question import label_of, metric_label
from ablate.analysis.words import percent_of
from ablate.metrics.catalogue import better_of
from ablate.metrics.copies import MARK
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NO_ANSWERS, NotDrawn, Section
from ablate.report.figures.forest import COLOURS, OPEN, forest_rows
from ablate.report.values import gamed_values

FAR = 4.0  # times the usual reach of a contrast: the axis is cut beyond it
WIDEST = 27  # letters of a line beside the panels
MOST_PANELS = 2  # abreast, with the numbers beside them


@FIGURES.register("primary_effects")
class PrimaryEffects:
    """Intervals of the primary metrics with their numbers; every metric has an axis of its own."""

    section: Section = "first"
    number = 1
    title = "Effects of the primary metrics"
    caption = (
        "Mean differences with 95 % intervals; strokes: blocks; grey: within the smallest effect; "
        "hollow: open, by the test corrected for all contrasts and metrics."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per question, contrast and primary metric, in percent."""
        if not contents.answered:
            return NotDrawn(NO_ANSWERS)
        rows = [row for row in forest_rows(contents) if row["role"] == "primary"]
        if not rows:
            return NotDrawn("no primary effect has a base to be a percentage of")
        beaten = {one.id: gamed_values(one, contents.comparators) for one in contents.answered}
        return pd.DataFrame(
            [{**row, "is_gamed": row["metric"] in beaten[row["question"]]} for row in rows]
        )

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return a block per question, contrasts from the top."""
        del contents
        questions = list(dict.fromkeys(numbers["question"]))
        parts_of = [numbers[numbers["question"] == question] for question in questions]
        made, parts = theme.stacked([_height(some, len(questions) > 1) for some in parts_of])
        for part, some, question in zip(parts, parts_of, questions, strict=True):
            _draw_question(part, some)
            if len(questions) > 1:
                theme.heading(part, question)
        return made


def limits_of(low: pd.Series, high: pd.Series, smallest: pd.Series) -> tuple[float, float]:
    """Return the axis of a metric: 0 and all contrasts, without those that reach far beyond.

    Example:
        >>> limits_of(pd.Series([1.0, -90.0]), pd.Series([2.0, -80.0]), pd.Series([1.0, 1.0]))
        (-1.15, 2.15)
    """
    reach = pd.concat([low.abs(), high.abs()], axis=1).max(axis=1)
    usual = reach <= FAR * sorted(reach)[(len(reach) - 1) // 2]
    band = float(smallest.max()) if smallest.notna().any() else 0.0
    ends = [0.0, *low[usual], *high[usual]]
    if band <= max(map(abs, ends)):
        ends += [-band, band]
    span = (max(ends) - min(ends)) or 1.0
    return round(min(ends) - 0.05 * span, 6), round(max(ends) + 0.05 * span, 6)


def _panels(some: pd.DataFrame) -> tuple[int, int]:
    """Return rows and columns of panels."""
    count = some["metric"].nunique()
    columns = min(MOST_PANELS, count)
    return -(-count // columns), columns


def _height(some: pd.DataFrame, has_heading: bool) -> float:
    rows, _ = _panels(some)
    return rows * (0.45 + 0.3 * some["contrast"].nunique()) + 0.2 + 0.2 * has_heading


def _draw_question(part: Any, some: pd.DataFrame) -> None:
    contrasts, metrics = (list(dict.fromkeys(some[name])) for name in ("contrast", "metric"))
    rows, columns = _panels(some)
    axes = list(part.subplots(rows, columns, squeeze=False).flat)
    firsts = some.drop_duplicates("contrast")
    labels = [_label(row) for row in firsts.to_dict("records")]
    for index, (axis, metric) in enumerate(zip(axes, metrics, strict=False)):
        panel = some[some["metric"] == metric]
        blocks = [[*map(float, text.split())] for text in panel["blocks"]]
        low = panel["low"].clip(upper=[min(some, default=np.inf) for some in blocks])
        high = panel["high"].clip(lower=[max(some, default=-np.inf) for some in blocks])
        limits = limits_of(low, high, panel["smallest"])
        for row in panel.itertuples():
            _draw_row(axis, row, contrasts.index(row.contrast), limits)
        axis.axvline(0, color=theme.GREY, lw=0.6, zorder=0)
        title = f"{metric_label(metric)} {theme.ARROW[better_of(metric)]}"
        title += f" ({MARK})" if panel["is_gamed"].any() else ""
        axis.set_title(title, loc="left", fontweight="bold")
        axis.set(xlim=limits, ylim=(len(contrasts) - 0.5, -0.5), yticks=range(len(contrasts)))
        axis.set_yticklabels(labels if index % columns == 0 else [])
        axis.locator_params(axis="x", nbins=5)
        axis.tick_params(axis="y", length=0)
    for axis in axes[len(metrics) :]:
        axis.set_axis_off()
    part.supxlabel(f"difference in % of {some['base'].iloc[0]}", fontsize=8)


def _label(row: dict[Any, Any]) -> str:
    """Return a contrast by name, and below it what it compares."""
    if pd.isna(row["value"]) or pd.isna(row["baseline"]):
        return theme.wrapped(str(row["contrast"]), WIDEST)
    names = [label_of(row["value"]), f"vs {label_of(row['baseline'])}"]
    if row["contrast"] != " ".join(names):
        names = [str(row["contrast"]), " ".join(names)]
    return "\n".join(theme.wrapped(name, WIDEST, lines=1) for name in names)


def _draw_row(axis: Axes, row: Any, place: int, limits: tuple[float, float]) -> None:
    """Draw band, blocks, interval and dot, and write the number at the right of the panel."""
    left, right = limits
    if pd.notna(row.smallest):
        edges = max(left, -row.smallest), min(right, row.smallest)
        axis.fill_betweenx([place - 0.42, place + 0.42], *edges, color=theme.BAND, lw=0)
    is_decided = row.word in COLOURS
    colour = COLOURS.get(row.word, theme.GREY)
    blocks = [value for value in map(float, row.blocks.split()) if left <= value <= right]
    axis.plot(blocks, [place + 0.28] * len(blocks), "|", color=colour, ms=3.5, mew=0.7, alpha=0.8)
    axis.plot([row.low, row.high], [place, place], color=colour, lw=1.6)
    axis.plot(row.percent, place, "o", color=colour, ms=4.5, mfc=colour if is_decided else "white")
    inside = 0.015 * (right - left)
    if row.low < left:
        axis.plot(left + inside, place, "<", color=colour, ms=4)
    if row.high > right:
        axis.plot(right - inside, place, ">", color=colour, ms=4)
    word = row.word if is_decided else OPEN.split(maxsplit=1)[0]
    axis.annotate(
        f"{word} {percent_of(row.percent, row.low, row.high)}".replace(" (", "\n("),
        (1.02, place),
        xycoords=("axes fraction", "data"),
        fontsize=6.5,
        color=colour,
        va="center",
        linespacing=1.15,
    )
