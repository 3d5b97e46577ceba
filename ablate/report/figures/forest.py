"""Effects with their intervals: a block per question, a panel per contrast, rows are metrics."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.question import label_of, metric_label
from ablate.analysis.verdict import Row
from ablate.metrics.catalogue import better_of
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NO_ANSWERS, NotDrawn, Section

COLOURS = {
    "gain": "#009E73",
    "loss": "#D55E00",
    "equivalent": "#0072B2",
    "safe": "#56B4E9",
    "harmed": "#CC79A7",
    "present": "#009E73",
    "absent": "#0072B2",
}
OPEN = "open or not judged"
ROOM = 0.5  # share of the axis that other metrics may add at either end


@FIGURES.register("forest")
class Forest:
    """Effects in percent of the tuned baseline, all blocks shown."""

    section: Section = "answers"
    number = 1
    title = "Effects and intervals"
    caption = (
        "Dots are mean differences over blocks in percent of the base that the axis names, bars "
        "95 % confidence intervals, small strokes single blocks, grey bands the smallest effects "
        "of interest; primary metrics are bold. Colours are the words of the corrected tests: "
        "gain, loss or equivalent in a primary metric, safe or harmed in a guardrail; hollow dots "
        "are open or not judged. Right is larger; for ↓ metrics left is better. All panels of a "
        "question share one axis; triangles stand where an interval (large) or a block (small) "
        "lies beyond it, with the mean where that does."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per question, contrast, metric: estimate, interval, blocks, in percent."""
        if not contents.answered:
            return NotDrawn(NO_ANSWERS)
        rows = list(forest_rows(contents))
        return (
            pd.DataFrame(rows) if rows else NotDrawn("no effect has a base to be a percentage of")
        )

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the panels of all questions, one axis for all panels of a question."""
        del contents
        questions = list(dict.fromkeys(numbers["question"]))
        heights = [_height(numbers[numbers["question"] == question]) for question in questions]
        made, parts = theme.stacked(heights, foot_in=0.4)
        for part, question in zip(parts, questions, strict=True):
            _draw_question(part, numbers[numbers["question"] == question])
            if len(questions) > 1:
                theme.heading(part, question)
        theme.legend_below(made, _handles(numbers))
        return made


def forest_rows(contents: Contents) -> Iterator[dict[str, Any]]:
    """Yield one row per question, contrast and metric: estimate, interval, blocks, in percent."""
    for question in contents.answered:
        for row in question.rows:
            scale = row.to_percent
            if scale is None or row.percent is None:
                continue
            if row.ci_low is None or row.ci_high is None:
                continue
            smallest = row.smallest_effect
            yield {
                "question": question.id,
                "base": question.base_in_words,
                "contrast": row.contrast,
                "value": row.value,
                "baseline": row.baseline,
                "metric": row.metric,
                "role": row.role,
                "verdict": row.verdict,
                "word": _word(question, row),
                "percent": row.percent,
                "low": row.ci_low * scale,
                "high": row.ci_high * scale,
                "smallest": None if smallest is None else smallest * abs(scale),
                "blocks": " ".join(f"{value * scale:.6g}" for value in row.by_block),
            }


def _word(question: AnsweredQuestion, row: Row) -> str:
    """Return the word of a contrast in a metric; of documents before 0.2 by its verdict."""
    word = question.word_of(row) if question.contrasts else row.in_words
    return word if word in COLOURS else OPEN


def limits_of(some: pd.DataFrame) -> tuple[float, float]:
    """Return the axis of a question in percent: 0, what the primary metrics need, and some room.

    Other metrics widen it as far as their intervals and blocks reach, at most `ROOM` of its span.
    """
    primary = some[some["role"] == "primary"]
    base = primary if len(primary) else some
    blocks = [float(value) for text in base["blocks"] for value in text.split()]
    low, high = min(0.0, base["low"].min(), *blocks), max(0.0, base["high"].max(), *blocks)
    span = max(high - low, base["smallest"].max() if base["smallest"].notna().any() else 0, 1e-9)
    room = ROOM * span
    every = [float(value) for text in some["blocks"] for value in text.split()]
    low = min(low, max(some["low"].min(), low - room), max(min(every), low - room))
    high = max(high, min(some["high"].max(), high + room), min(max(every), high + room))
    return low - 0.05 * span, high + 0.05 * span


def _height(some: pd.DataFrame) -> float:
    panels, metrics = some["contrast"].nunique(), some["metric"].nunique()
    rows = -(-panels // theme.columns_of(panels))
    return float(rows * (0.5 + 0.17 * metrics) + 0.35)


def _draw_question(part: Any, some: pd.DataFrame) -> None:
    contrasts, metrics = (list(dict.fromkeys(some[name])) for name in ("contrast", "metric"))
    columns = theme.columns_of(len(contrasts))
    rows = -(-len(contrasts) // columns)
    axes = list(part.subplots(rows, columns, squeeze=False, sharex=True).flat)
    limits = limits_of(some)
    primary = set(some.loc[some["role"] == "primary", "metric"])
    for index, (axis, contrast) in enumerate(zip(axes, contrasts, strict=False)):
        panel = some[some["contrast"] == contrast]
        for row in panel.itertuples():
            _draw_row(axis, row, place=metrics.index(row.metric), limits=limits)
        axis.axvline(0, color=theme.GREY, lw=0.6, zorder=0)
        axis.set(xlim=limits, ylim=(len(metrics) - 0.5, -0.5), yticks=range(len(metrics)))
        axis.set_title(_title(panel.iloc[0], 84 // columns))
        axis.locator_params(axis="x", nbins=5)
        axis.tick_params(axis="y", length=0)
        _label(axis, metrics if index % columns == 0 else [], bold=primary)
        is_lowest = index + columns >= len(contrasts)
        axis.tick_params(axis="x", labelbottom=is_lowest)
    for axis in axes[len(contrasts) :]:
        axis.set_axis_off()
    part.supxlabel(f"difference in % of {some['base'].iloc[0]}", fontsize=8)


def _title(row: Any, width: int) -> str:
    """Return a contrast by name, and what it compares where the name does not say so."""
    value, baseline = row["value"], row["baseline"]
    if pd.isna(value) or pd.isna(baseline):
        return theme.wrapped(str(row["contrast"]), width)
    pair = [label_of(value), f"vs {label_of(baseline)}"]
    if row["contrast"] != " ".join(pair):
        pair[0] = f"{row['contrast']}: {pair[0]}"
    if len(" ".join(pair)) <= width:
        return " ".join(pair)
    return "\n".join(theme.wrapped(text, width, lines=1) for text in pair)


def _label(axis: Axes, metrics: list[str], *, bold: set[str]) -> None:
    names = [f"{metric_label(m)} {theme.ARROW[better_of(m)]}" for m in metrics]
    axis.set_yticklabels(names)
    for label, metric in zip(axis.get_yticklabels(), metrics, strict=False):
        label.set_fontweight("bold" if metric in bold else "normal")


def _draw_row(axis: Axes, row: Any, *, place: int, limits: tuple[float, float]) -> None:
    """Draw band, strokes, interval and dot of one metric; what lies beyond gets a triangle."""
    left, right = limits
    if pd.notna(row.smallest):
        axis.fill_betweenx(
            [place - 0.42, place + 0.42], -row.smallest, row.smallest, color=theme.BAND, lw=0
        )
    colour = COLOURS.get(row.word, theme.GREY)
    blocks = [float(value) for value in row.blocks.split()]
    axis.plot(
        blocks,
        [place + 0.3] * len(blocks),
        "|",
        color=colour,
        ms=3.5,
        mew=0.7,
        alpha=0.8,
    )
    axis.plot([row.low, row.high], [place, place], color=colour, lw=1.4)
    is_decided = row.word in COLOURS
    axis.plot(row.percent, place, "o", color=colour, ms=4, mfc=colour if is_decided else "white")
    inside = 0.012 * (right - left)
    for edge, marker, interval, block in (
        (left + inside, "<", left - row.low, left - min(blocks)),
        (right - inside, ">", row.high - right, max(blocks) - right),
    ):
        if interval > 0:
            axis.plot(edge, place, marker, color=colour, ms=4)
        if block > 0:
            axis.plot(edge, place + 0.3, marker, color=colour, ms=2.5)
    if not left <= row.percent <= right:
        is_left = row.percent < left
        axis.annotate(
            f"{row.percent:+.3g}",
            (left if is_left else right, place),
            xytext=(8 if is_left else -8, 0),
            textcoords="offset points",
            fontsize=6,
            color=colour,
            ha="left" if is_left else "right",
            va="center",
            bbox={"fc": "white", "ec": "none", "pad": 0.8},  # the interval runs below it
        )


def _handles(numbers: pd.DataFrame) -> list[Any]:
    words = set(numbers["word"])
    handles: list[Any] = [
        theme.mark(word, marker="o", ls="-", lw=1.4, ms=4, color=colour)
        for word, colour in COLOURS.items()
        if word in words
    ]
    if OPEN in words:
        handles.append(
            theme.mark(OPEN, marker="o", ls="-", lw=1.4, ms=4, color=theme.GREY, mfc="white")
        )
    handles.append(theme.mark("one block", marker="|", ms=5, color=theme.GREY))
    if numbers["smallest"].notna().any():
        handles.append(Patch(color=theme.BAND, label="within the smallest effect"))
    return handles
