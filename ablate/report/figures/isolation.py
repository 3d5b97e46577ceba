"""One factor alone: every tuning point behind the answers, and the values paired by block."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.question import label_of, metric_label
from ablate.metrics.catalogue import better_of
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NO_ANSWERS, NotDrawn, Section
from ablate.report.values import score_table, shown_order, tuning_points
from ablate.stats.crossed import crossed_t

COLUMNS = ["question", "metric", "kind", "contrast", "value", "block", "score", "low", "high"]
DASHES = (0, (2, 1.2))
REACH = 1.0  # how far beyond the winners, in their span, single points still widen the axis


@FIGURES.register("isolation")
class Isolation:
    """Points, winners and means per value; below them a line per block between two values."""

    section: Section = "answers"
    number = 2
    title = "Each factor alone"
    caption = (
        "Above: grey dots are all tuning points of a value (mean over the test images), rings the "
        "one per block that was best on val, filled marks their mean with its 95 % interval over "
        "blocks on these images, dashes the mean of all points, as without tuning. Triangles: "
        "points beyond the axis. Below: the contrasts between two values; a grey line is one "
        "block, a slope is a difference. Ordered factors in design order, others best first."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return rows of four kinds: point, winner, mean (with interval), untuned; and pair.

        A pair is the score of one of the two values of a contrast in a block.
        """
        if not contents.answered:
            return NotDrawn(NO_ANSWERS)
        rows: list[dict[str, Any]] = []
        for question in contents.answered:
            cells = score_table(question)
            points = tuning_points(contents, question)
            for metric in question.primary:
                some = cells[cells["metric"] == metric]
                about = {"question": question.id, "metric": metric}
                rows += [{**about, **row} for row in _of_values(question, metric, some, points)]
                rows += [{**about, **row} for row in _of_pairs(question, metric, some)]
        if not rows:
            return NotDrawn("no primary metric has scores in blocks")
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return a part per question: columns are metrics, values above, pairs below."""
        answered = [q for q in contents.answered if q.id in set(numbers["question"])]
        tables = [numbers[numbers["question"] == question.id] for question in answered]
        made, parts = theme.stacked([_height(table) for table in tables], foot_in=0.25)
        for part, question, table in zip(parts, answered, tables, strict=True):
            cells = score_table(question)
            order = shown_order(question, cells[cells["metric"].isin(question.primary)])
            _draw_question(part, table, order, [label_of(value) for value in question.values])
            if len(answered) > 1:
                theme.heading(part, question.id)
        theme.legend_below(
            made,
            [
                theme.mark("tuning point", marker="o", ms=3, color=theme.FAINT, mew=0, alpha=0.7),
                theme.mark("winner of a block", marker="o", ms=4.5, mfc="none", color=theme.GREY),
                theme.mark("mean and interval", marker="o", ls="-", ms=5, color=theme.GREY),
                theme.mark("mean of all points", color="0.15", lw=0.9, ls=DASHES),
            ],
        )
        return made


def _of_values(
    question: AnsweredQuestion, metric: str, cells: pd.DataFrame, points: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return points, winners, mean and untuned mean of every value."""
    rows: list[dict[str, Any]] = []
    for value in question.values:
        label = label_of(value)
        mine = cells[cells["value"] == label]
        column = f"test/{metric}"
        tried = points[points["value"] == value] if column in points else points[:0]
        tried = tried.dropna(subset=[column]) if len(tried) else tried
        if len(tried):
            rows += [
                {"kind": "point", "value": label, "block": block, "score": score}
                for block, score in zip(tried["block"], tried[column], strict=True)
            ]
            rows.append({"kind": "untuned", "value": label, "score": float(tried[column].mean())})
        rows += [
            {"kind": "winner", "value": label, "block": row.block, "score": row.score}
            for row in mine.itertuples()
        ]
        if len(mine):
            rows.append({"kind": "mean", "value": label, **_interval(mine["score"].to_numpy())})
    return rows


def _interval(scores: np.ndarray) -> dict[str, float]:
    """Return mean and 95 % interval over blocks, on these images."""
    if len(scores) < 2:
        return {"score": float(scores.mean())}
    t = crossed_t(scores[:, None], images="fixed")
    return {"score": float(t.estimate), "low": float(t.low), "high": float(t.high)}


def _of_pairs(question: AnsweredQuestion, metric: str, cells: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the two scores of every block, for the contrasts between two values."""
    rows = []
    for row in question.rows:
        if row.metric != metric or row.value is None or row.baseline is None:
            continue
        for value in (label_of(row.value), label_of(row.baseline)):
            rows += [
                {
                    "kind": "pair",
                    "contrast": row.contrast,
                    "value": value,
                    "block": cell.block,
                    "score": cell.score,
                }
                for cell in cells[cells["value"] == value].itertuples()
            ]
    return rows


def _height(table: pd.DataFrame) -> float:
    values = table.loc[table["kind"] == "winner", "value"].nunique()
    pairs = table["contrast"].nunique()
    return float(0.75 + 0.24 * values + (0.1 + 0.36 * pairs if pairs else 0.0))


def _draw_question(part: Any, table: pd.DataFrame, order: list[str], design: list[str]) -> None:
    metrics = list(dict.fromkeys(table["metric"]))
    contrasts = list(dict.fromkeys(table["contrast"].dropna()))
    rows = 2 if contrasts else 1
    ratios = [len(order) * 0.24, len(contrasts) * 0.36][:rows]
    axes = part.subplots(
        rows, len(metrics), squeeze=False, sharex="col", gridspec_kw={"height_ratios": ratios}
    )
    for column, metric in enumerate(metrics):
        some = table[table["metric"] == metric]
        limits = _limits(some)
        for row in range(rows):
            axis = axes[row][column]
            if row == 0:
                _draw_values(axis, some, order, design, limits)
            else:
                _draw_pairs(axis, some, contrasts, design)
            axis.set_xlim(limits)
            axis.locator_params(axis="x", nbins=5)
            axis.tick_params(axis="y", length=0, labelleft=column == 0)
        axes[rows - 1][column].set_xlabel(
            f"{metric_label(metric)} {theme.ARROW[better_of(metric)]}"
        )


def _limits(some: pd.DataFrame) -> tuple[float, float]:
    """Return an axis that holds winners, means and intervals, and the points that lie near."""
    kept = some[some["kind"] != "point"]
    ends = kept[["score", "low", "high"]].to_numpy(dtype=float)
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    span = max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-12)
    points = some.loc[some["kind"] == "point", "score"]
    if len(points):
        low = min(low, max(float(points.min()), low - REACH * span))
        high = max(high, min(float(points.max()), high + REACH * span))
    edge = 0.04 * (high - low or span)
    return low - edge, high + edge


def _draw_values(
    axis: Axes,
    some: pd.DataFrame,
    order: list[str],
    design: list[str],
    limits: tuple[float, float],
) -> None:
    low, high = limits
    for place, value in enumerate(order):
        mine = some[(some["value"] == value) & (some["kind"] != "pair")]
        colour, marker = theme.style(value, design)
        kinds = {
            kind: mine[mine["kind"] == kind] for kind in ("point", "winner", "mean", "untuned")
        }
        points, winners = kinds["point"]["score"], kinds["winner"]["score"]
        axis.plot(
            points,
            np.full(len(points), place + 0.16),
            "o",
            color=theme.FAINT,
            ms=2.5,
            mew=0,
            alpha=0.7,
        )
        axis.plot(
            winners,
            np.full(len(winners), place + 0.16),
            "o",
            mfc="none",
            mec=colour,
            ms=4.2,
            mew=0.8,
        )
        inside = 0.012 * (high - low)
        if (points < low).any():
            axis.plot(low + inside, place + 0.16, "<", color=theme.FAINT, ms=3)
        if (points > high).any():
            axis.plot(high - inside, place + 0.16, ">", color=theme.FAINT, ms=3)
        for mean in kinds["mean"].to_dict("records"):
            axis.plot([mean["low"], mean["high"]], [place - 0.14] * 2, color=colour, lw=1.3)
            axis.plot(mean["score"], place - 0.14, marker, color=colour, ms=4.5)
        for untuned in kinds["untuned"]["score"]:
            axis.plot(
                [untuned, untuned], [place - 0.4, place + 0.4], color="0.15", lw=0.9, ls=DASHES
            )
    axis.set(ylim=(len(order) - 0.45, -0.6), yticks=range(len(order)))
    axis.set_yticklabels([theme.wrapped(value, 20, lines=1) for value in order])


def _draw_pairs(axis: Axes, some: pd.DataFrame, contrasts: list[str], design: list[str]) -> None:
    ticks, labels = [], []
    for index, contrast in enumerate(contrasts):
        mine = some[some["contrast"] == contrast]
        values = list(dict.fromkeys(mine["value"]))
        top, bottom = index * 3.0, index * 3.0 + 1.4
        table = mine.pivot(index="block", columns="value", values="score")
        for _, block in table.iterrows():
            axis.plot(
                [block[values[0]], block[values[1]]],
                [top, bottom],
                color=theme.FAINT,
                lw=0.6,
                zorder=1,
            )
        for place, value in zip((top, bottom), values, strict=True):
            colour, marker = theme.style(value, design)
            axis.plot(table[value], np.full(len(table), place), marker, color=colour, ms=3, mew=0)
            ticks.append(place)
            labels.append(theme.wrapped(value, 20, lines=1))
        axis.plot([table[v].mean() for v in values], [top, bottom], color="0", lw=1.3, zorder=3)
        labels[-1] = f"vs {labels[-1]}"
    axis.set(ylim=(3.0 * len(contrasts) - 0.9, -0.7), yticks=ticks)
    axis.set_yticklabels(labels)
