"""Two metrics against each other, and against the time of a step: which values are beaten."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.question import label_of, metric_label
from ablate.metrics.catalogue import is_higher_better
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NO_ANSWERS, NotDrawn, Section
from ablate.report.values import score_table, tuning_points
from ablate.stats.arrays import Floats
from ablate.stats.crossed import crossed_t

WANTED = ("qabf", "vif")
DASHES = (0, (3, 2))
SECONDS = "facts.seconds_per_step"
COLUMNS = [
    "question",
    "panel",
    "value",
    "kind",
    "block",
    "x_name",
    "y_name",
    "x",
    "y",
    "x_low",
    "x_high",
    "y_low",
    "y_high",
    "is_front",
]


@FIGURES.register("pareto")
class Pareto:
    """A pair of metrics per question, and the first of them against seconds per step."""

    section: Section = "answers"
    number = 6
    title = "Trade-offs"
    caption = (
        "Small marks are blocks (left: the winner of each), large ones means with 95 % intervals "
        "over blocks on these images. Circles on a dashed line are the means that no other mean "
        "beats in both; whether a difference is more than chance is not asked. Right: median "
        "seconds per step of the tuning points, as measured beside whatever else the machine did."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per question, panel, value and block, and one for each mean."""
        if not contents.answered:
            return NotDrawn(NO_ANSWERS)
        rows: list[dict[str, Any]] = []
        for question in contents.answered:
            cells = score_table(question)
            wide = cells.pivot(index=["value", "block"], columns="metric", values="score")
            first, second = _pair(question, list(dict.fromkeys(cells["metric"])))
            if first is None:
                continue
            seconds = _seconds(contents, question)
            for panel, name, partner in (
                ("metrics", second, wide.get(second)),
                ("time", "seconds per step", seconds),
            ):
                if partner is None or name is None:
                    continue
                both = pd.DataFrame({"x": partner, "y": wide[first]}).dropna()
                about = {
                    "question": question.id,
                    "panel": panel,
                    "x_name": name,
                    "y_name": first,
                }
                rows += [{**about, **row} for row in _of_values(question, both, x=name, y=first)]
        if not rows:
            return NotDrawn(
                "a trade-off takes two metrics, or one and the seconds per step of the runs"
            )
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return a row of panels per question, its values in the legend below."""
        answered = [q for q in contents.answered if q.id in set(numbers["question"])]
        every = list(dict.fromkeys(label_of(v) for q in answered for v in q.values))
        made, parts = theme.stacked([2.75 + 0.05 * len(q.values) for q in answered])
        for part, question in zip(parts, answered, strict=True):
            some = numbers[numbers["question"] == question.id]
            design = [label_of(value) for value in question.values]
            panels = list(dict.fromkeys(some["panel"]))
            axes = part.subplots(1, 2, squeeze=False)[0]
            for axis, panel in zip(axes, panels, strict=False):
                _draw_panel(axis, some[some["panel"] == panel], every)
            for axis in axes[len(panels) :]:
                axis.set_axis_off()
            looks = {value: theme.style(value, every) for value in design}  # one for the figure
            handles = [
                theme.mark(theme.wrapped(value, 24, lines=1), marker=marker, color=colour, ms=5)
                for value, (colour, marker) in looks.items()
            ]
            front = theme.mark(
                "no mean is better in both",
                marker="o",
                ms=8,
                mfc="none",
                mew=0.7,
                ls=DASHES,
                lw=0.8,
                color="0.15",
            )
            theme.legend_below(part, [*handles, front])
            if len(answered) > 1:
                theme.heading(part, question.id)
        return made


def front_of(points: Floats) -> list[int]:
    """Return the rows that no other row beats, both columns larger meaning better.

    Example:
        >>> front_of(np.array([[1.0, 3.0], [2.0, 2.0], [1.0, 2.0]]))
        [0, 1]
    """
    kept = []
    for at, point in enumerate(points):
        others = np.delete(points, at, axis=0)
        is_beaten = ((others >= point).all(axis=1) & (others > point).any(axis=1)).any()
        if not is_beaten:
            kept.append(at)
    return kept


def _pair(question: AnsweredQuestion, scored: list[str]) -> tuple[str | None, str | None]:
    """Return the metrics of the panels: the wanted two, else primary ones first."""
    ranked = [*WANTED, *question.primary, *scored]
    found = [metric for metric in dict.fromkeys(ranked) if metric in scored]
    return (found[0] if found else None, found[1] if len(found) > 1 else None)


def _seconds(contents: Contents, question: AnsweredQuestion) -> pd.Series | None:
    """Return the median seconds per step of a value in a block, None where nobody measured."""
    points = tuning_points(contents, question)
    if SECONDS not in points or points[SECONDS].isna().all():
        return None
    points = points.assign(value=[label_of(value) for value in points["value"]])
    return points.groupby(["value", "block"])[SECONDS].median()


def _of_values(
    question: AnsweredQuestion, both: pd.DataFrame, *, x: str, y: str
) -> list[dict[str, Any]]:
    """Return the blocks and the mean of every value."""
    rows: list[dict[str, Any]] = []
    means: list[dict[str, Any]] = []
    for value in (label_of(value) for value in question.values):
        if value not in both.index.get_level_values("value"):
            continue
        mine = both.xs(value, level="value")
        rows += [
            {"value": value, "kind": "block", "block": block, "x": at.x, "y": at.y}
            for block, at in zip(mine.index, mine.itertuples(), strict=True)
        ]
        mean: dict[str, Any] = {"value": value, "kind": "mean"}
        for name in ("x", "y"):
            mean[name] = float(mine[name].mean())
            if len(mine) > 1:
                t = crossed_t(mine[name].to_numpy()[:, None], images="fixed")
                mean |= {f"{name}_low": float(t.low), f"{name}_high": float(t.high)}
        means.append(mean)
    if means:
        signs = [_sign(x), _sign(y)]
        front = front_of(np.array([[one["x"], one["y"]] for one in means]) * signs)
        rows += [{**one, "is_front": at in front} for at, one in enumerate(means)]
    return rows


def _sign(name: str) -> float:
    return 1.0 if is_higher_better(name) else -1.0


def _name(name: str) -> str:
    return f"{metric_label(name)} {theme.ARROW['higher' if is_higher_better(name) else 'lower']}"


def _draw_panel(axis: Axes, some: pd.DataFrame, every: list[str]) -> None:
    means = some[some["kind"] == "mean"]
    for mean in means.to_dict("records"):
        value, x, y = mean["value"], mean["x"], mean["y"]
        colour, marker = theme.style(value, every)
        blocks = some[(some["kind"] == "block") & (some["value"] == value)]
        axis.plot(blocks["x"], blocks["y"], marker, color=colour, ms=2.8, mew=0, alpha=0.5)
        axis.plot([mean["x_low"], mean["x_high"]], [y, y], color=colour, lw=1)
        axis.plot([x, x], [mean["y_low"], mean["y_high"]], color=colour, lw=1)
        axis.plot(x, y, marker, color=colour, ms=6, mec="white", mew=0.5, zorder=3)
    front = means[means["is_front"].astype(bool)].sort_values("x", kind="stable")
    axis.plot(
        front["x"],
        front["y"],
        "o",
        mfc="none",
        color="0.15",
        ms=10.5,
        mew=0.7,
        lw=0.8,
        ls=DASHES,
        zorder=2,
    )
    axis.set(xlabel=_name(means["x_name"].iloc[0]), ylabel=_name(means["y_name"].iloc[0]))
    axis.locator_params(nbins=5)
