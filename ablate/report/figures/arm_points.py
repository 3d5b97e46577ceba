"""Every run of every arm, per metric, with means, above the trivial baselines and references."""

import math

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from ablate.analysis.table import COPY, REFERENCE, designed, gamed
from ablate.metrics.catalogue import better_of, label_of
from ablate.metrics.copies import marked
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.dots import behind
from ablate.report.figures import FIGURES, NotDrawn, Section

MARKERS = {COPY: "D", "rule": "s", REFERENCE: "^"}
WORDS = {COPY: "copy of a source", "rule": "rule without training", REFERENCE: "reference"}
STEP = 0.75  # between the rows of two comparators; arms are 1 apart
GAP = 0.35  # more between the last arm and the first of them


@FIGURES.register("arm_points")
class ArmPoints:
    """Raw points beside means; a panel per metric."""

    section: Section = "answers"
    number = 3
    title = "Test scores per arm"
    caption = (
        "A dot is one training run (mean over the test images), in an answer phase the winner of a "
        "block; the bar is the mean over runs. Below the line, a row each: copies of the sources "
        "and rules, which need no training, and references, trained elsewhere; one that lies far "
        "away stands as a number at that edge. Gamed by a copy: a copy of a source beats the mean "
        "of every arm. Arrows: better direction."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per run and metric: run_id, arm, seed, metric, value."""
        runs = _shown(contents)
        if runs.empty:
            return NotDrawn("no designed run has finished")
        keys = [f"test/{name}" for name in contents.facts.metrics if f"test/{name}" in runs]
        long = runs.melt(["run_id", "arm", "seed"], keys, var_name="metric").dropna()
        return long.assign(metric=long["metric"].str.removeprefix("test/"))

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return panels, one per metric, arms from the top in design order."""
        order = [arm for arm in contents.facts.arms if arm in set(numbers["arm"])]
        order += [arm for arm in dict.fromkeys(numbers["arm"]) if arm not in order]
        beside = contents.comparators
        places = {
            label: len(order) - 1 + GAP + STEP * (1 + at)
            for at, label in enumerate(dict.fromkeys(beside["label"]))
        }
        metrics = list(dict.fromkeys(numbers["metric"]))
        columns = min(3, len(metrics))
        rows = -(-len(metrics) // columns)
        labels = [theme.wrapped(arm, 22) for arm in order]
        per_arm = 0.3 if any("\n" in label for label in labels) else 0.24
        units = len(order) + (GAP + STEP * len(places)) * 0.18 / per_arm
        made, axes = theme.figure(
            rows=rows, columns=columns, height_in=rows * (0.5 + per_arm * units) + 0.25
        )
        means = numbers.groupby(["arm", "metric"])["value"].mean().rename("mean").reset_index()
        beaten = gamed(means, beside)
        colours = {arm: theme.style(arm, order)[0] for arm in order}
        for index, (axis, metric) in enumerate(zip(axes, metrics, strict=False)):
            part = numbers[numbers["metric"] == metric]
            for place, arm in enumerate(order):
                mine = part[part["arm"] == arm]
                sns.stripplot(
                    mine.assign(place=place),
                    x="value",
                    y="place",
                    orient="y",
                    native_scale=True,
                    color=colours[arm],
                    jitter=False,
                    size=4,
                    alpha=0.8,
                    ax=axis,
                )
                dots = axis.collections[-1]
                assert isinstance(dots, PathCollection)
                behind(dots, mine["run_id"])
                mean = mine["value"].mean()
                axis.plot([mean, mean], [place - 0.32, place + 0.32], color=colours[arm], lw=1.6)
            _draw_comparators(axis, beside[beside["metric"] == metric], part["value"], places)
            title = f"{label_of(metric)} {theme.ARROW[better_of(metric)]}"
            axis.set(
                title=marked(title, metric, beaten),
                xlabel="",
                ylabel="",
                ylim=(max(places.values(), default=len(order) - 1) + 0.6, -0.6),
            )
            axis.locator_params(axis="x", nbins=4)
            axis.tick_params(axis="y", length=0)
            named = [*labels, *(theme.wrapped(label, 22, lines=1) for label in places)]
            axis.set_yticks(
                [*range(len(order)), *places.values()], named if index % columns == 0 else []
            )
        for axis in axes[len(metrics) :]:
            axis.set_axis_off()
        marks = [
            theme.mark("one run", marker="o", ms=4, color=theme.FAINT),
            theme.mark("mean", marker="|", ms=8, mew=1.6, color=theme.FAINT),
        ]
        marks += [
            theme.mark(WORDS[kind], marker=marker, ms=4, mfc="white", color=theme.GREY)
            for kind, marker in MARKERS.items()
            if kind in set(beside["kind"])
        ]
        theme.legend_below(made, marks)
        return made


def _shown(contents: Contents) -> pd.DataFrame:
    """Return the finished runs that won in a block; without an answer those of designed arms."""
    runs = contents.runs[contents.runs["state"] == "finished"]
    won = {one.run_id for question in contents.answered for one in question.winners}
    winners = runs[runs["run_id"].isin(won)]
    return winners if len(winners) else designed(runs, contents.facts)


def _draw_comparators(
    axis: Axes, beside: pd.DataFrame, values: pd.Series, places: dict[str, float]
) -> None:
    """Draw those that lie near the values as marks on their rows, write the others at an edge."""
    low, high = values.min(), values.max()
    near = max(high - low, 1e-9)
    if places:
        axis.axhline(min(places.values()) - STEP / 2 - GAP / 2, color="0.8", lw=0.6)
    for one in beside.to_dict("records"):
        place, value = places[one["label"]], float(one["value"])
        if math.isnan(value):
            words, side = "no number", "left"
        elif low - near < value < high + near:
            axis.plot([value, value], [-0.5, place], color="0.85", lw=0.6, zorder=0)
            axis.plot(value, place, MARKERS[one["kind"]], ms=4, mfc="white", color=theme.GREY)
            continue
        elif value < low:
            words, side = f"← {value:.3g}", "left"
        else:
            words, side = f"{value:.3g} →", "right"
        axis.annotate(
            words,
            (float(side == "right"), place),
            xycoords=("axes fraction", "data"),
            xytext=(3 if side == "left" else 0, 0),
            textcoords="offset points",
            color=theme.GREY,
            size=6.5,
            ha=side,
            va="center",
        )
