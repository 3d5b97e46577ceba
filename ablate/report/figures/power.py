"""What the design can find: power and detectable effect against the number of blocks."""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.question import metric_label
from ablate.analysis.verdict import Row
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NO_ANSWERS, NotDrawn, Section
from ablate.stats.crossed_power import crossed_detectable, crossed_power
from ablate.stats.power import POWER

STEPS = (*range(3, 16), *range(16, 32, 2), *range(32, 65, 4))
TICKS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
COLUMNS = [
    "question",
    "contrast",
    "metric",
    "blocks",
    "power",
    "detectable",
    "is_present",
    "smallest",
    "alpha",
]


@FIGURES.register("power")
class Power:
    """Two panels per question, a line per primary metric and contrast."""

    section: Section = "answers"
    number = 13
    title = "Power and detectable effect"
    caption = (
        "From the spread that this study has seen. Left: chance to find the smallest effect of "
        "interest; right: effect that is found with 80 % power, in % as effects are, its "
        "dotted line the smallest effect. Thin lines are contrasts, the thick one the hardest of "
        "its metric; marks stand at the blocks of this study. The level is that of the question "
        "shared over its primary rows. More blocks do not shrink what the images add."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return power and detectable effect (in percent) per row and number of blocks."""
        if not contents.answered:
            return NotDrawn(NO_ANSWERS)
        rows: list[dict[str, Any]] = []
        for question in contents.answered:
            judged = question.deciding
            alpha = question.alpha / max(1, sum(row.p_holm is not None for row in judged))
            for row in judged:
                if row.se:
                    rows += _of_row(question.id, row, alpha=alpha)
        if not rows:
            return NotDrawn("no primary contrast has a spread over two or more blocks")
        numbers = pd.DataFrame(rows, columns=COLUMNS)
        if numbers[["power", "detectable"]].isna().all(axis=None):
            return NotDrawn("no smallest effect is named and percentages have no base")
        return numbers

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return a row of two panels per question."""
        del contents
        questions = list(dict.fromkeys(numbers["question"]))
        known = numbers.dropna(subset=["power", "detectable"], how="all")
        metrics = list(dict.fromkeys(known["metric"]))
        made, parts = theme.stacked([2.2] * len(questions), foot_in=0.3)
        for part, question in zip(parts, questions, strict=True):
            some = numbers[numbers["question"] == question]
            left, right = part.subplots(1, 2)
            _draw_power(left, some, metrics)
            _draw_detectable(right, some, metrics)
            if len(questions) > 1:
                theme.heading(part, question)
        theme.legend_below(
            made,
            [
                *(
                    theme.mark(
                        metric_label(metric),
                        ls="-",
                        lw=2,
                        color=theme.metric_colour(metric, metrics),
                    )
                    for metric in metrics
                ),
                theme.mark("this study", marker="o", ms=4, color=theme.GREY),
                theme.mark("80 % power", ls="--", lw=0.8, color=theme.GREY),
                theme.mark("smallest effect of interest", ls=":", lw=1.2, color=theme.GREY),
            ],
        )
        return made


def variances_of(row: Row) -> tuple[float, float]:
    """Return block and image variance of a row, from its standard error and degrees of freedom.

    Rows without scenes do not say it: there `crossed_t` has se^2 = B / R + I and
    df = (R - 1) (se^2 / (B / R))^2.
    """
    variance, blocks = (row.se or 0.0) ** 2, row.blocks
    if row.block_variance is not None:
        return row.block_variance, max(0.0, variance - row.block_variance / blocks)
    of_blocks = variance / math.sqrt(max(1.0, (row.df or 0.0) / (blocks - 1)))
    return of_blocks * blocks, variance - of_blocks


def _of_row(question: str, row: Row, *, alpha: float) -> list[dict[str, Any]]:
    of_blocks, of_images = variances_of(row)
    scale = abs(row.to_percent) if row.to_percent else None
    smallest = row.smallest_effect
    found = []
    for blocks in sorted({*STEPS, row.blocks}):
        detectable = crossed_detectable(
            blocks=blocks,
            block_variance=of_blocks,
            image_variance=of_images,
            cases=row.cases,
            alpha=alpha,
        )
        found.append(
            {
                "question": question,
                "contrast": row.contrast,
                "metric": row.metric,
                "blocks": blocks,
                "power": None
                if smallest is None
                else crossed_power(
                    effect=smallest,
                    blocks=blocks,
                    block_variance=of_blocks,
                    image_variance=of_images,
                    cases=row.cases,
                    alpha=alpha,
                ),
                "detectable": None if scale is None else detectable * scale,
                "is_present": blocks == row.blocks,
                "smallest": None if scale is None or smallest is None else smallest * scale,
                "alpha": alpha,
            }
        )
    return found


def _lines(
    axis: Axes, some: pd.DataFrame, metrics: list[str], *, column: str, hardest: str
) -> None:
    """Draw a line per metric and contrast; `hardest` is "min" or "max" at the present blocks."""
    known = some.dropna(subset=[column])
    for metric in metrics:
        mine = known[known["metric"] == metric]
        if mine.empty:
            continue
        colour = theme.metric_colour(metric, metrics)
        present = mine[mine["is_present"]].set_index("contrast")[column]
        thick = present.idxmin() if hardest == "min" else present.idxmax()
        for contrast, line in mine.groupby("contrast", sort=False):
            is_thick = contrast == thick
            axis.plot(line["blocks"], line[column], color=colour, lw=1.8 if is_thick else 0.6)
            now = line[line["is_present"]]
            axis.plot(
                now["blocks"],
                now[column],
                "o",
                color=colour,
                ms=4 if is_thick else 2.2,
                clip_on=False,
                zorder=4,
            )
    low, high = some["blocks"].min(), some["blocks"].max()
    axis.set(xlabel="blocks", xlim=(low * 0.9, high), xscale="log")
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.set_xticks([], minor=True)


def _draw_power(axis: Axes, some: pd.DataFrame, metrics: list[str]) -> None:
    if some["power"].isna().all():
        axis.set_axis_off()
        axis.text(0.5, 0.5, "no smallest effect is named", ha="center", transform=axis.transAxes)
        return
    axis.axhline(POWER, color=theme.GREY, lw=0.8, ls="--", zorder=0)
    _lines(axis, some, metrics, column="power", hardest="min")
    axis.set(ylim=(0, 1.02), ylabel="power")


def _draw_detectable(axis: Axes, some: pd.DataFrame, metrics: list[str]) -> None:
    if some["detectable"].isna().all():
        axis.set_axis_off()
        axis.text(
            0.5,
            0.5,
            "no base for percentages",
            ha="center",
            transform=axis.transAxes,
        )
        return
    _lines(axis, some, metrics, column="detectable", hardest="max")
    for metric in metrics:
        for smallest in some.loc[some["metric"] == metric, "smallest"].dropna().round(9).unique():
            axis.axhline(
                smallest, color=theme.metric_colour(metric, metrics), lw=1.2, ls=":", zorder=0
            )
    axis.set(yscale="log", ylabel="detectable effect, %")
    low, high = axis.get_ylim()
    ticks = [t * 10.0**e for e in range(-4, 4) for t in (1, 2, 5) if low <= t * 10.0**e <= high]
    axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_yticks([], minor=True)
