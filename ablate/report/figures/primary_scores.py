"""Scores of the primary metrics where nothing is tested: every run, an axis per metric."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ablate.analysis.table import gamed
from ablate.metrics.catalogue import better_of, label_of
from ablate.metrics.copies import marked
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.dots import behind
from ablate.report.figures import FIGURES, NotDrawn, Section
from ablate.report.figures.arm_points import ArmPoints

MOST_ARMS, MOST_METRICS, COLUMNS = 12, 4, 2


@FIGURES.register("primary_scores")
class PrimaryScores:
    """The runs of every arm in the primary metrics, with means; describes and tests nothing."""

    section: Section = "first"
    number = 2
    title = "Scores in the primary metrics"
    caption = "A dot is a run on test, the bar the mean of its arm; described, not tested."

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per run and metric: run_id, arm, metric, value; the best arms first."""
        if contents.answered:
            return NotDrawn("the study has answers")
        found = ArmPoints().numbers(contents)
        if isinstance(found, NotDrawn):
            return found
        metrics = contents.facts.leading
        kept = [name for name in dict.fromkeys(metrics) if name in set(found["metric"])]
        kept = kept[:MOST_METRICS] or list(dict.fromkeys(found["metric"]))[:1]
        found = found[found["metric"].isin(kept)]
        first = found[found["metric"] == kept[0]].groupby("arm")["value"].mean()
        order = first.sort_values(ascending=better_of(kept[0]) == "lower", kind="stable").index
        places = {arm: place for place, arm in enumerate(order[:MOST_ARMS])}
        found = found[found["arm"].isin(places)]
        ranks = found["metric"].map(kept.index) * len(places) + found["arm"].map(places)
        return found.loc[ranks.sort_values(kind="stable").index]

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return a panel per metric, arms from the top, the best first."""
        arms, metrics = (list(dict.fromkeys(numbers[name])) for name in ("arm", "metric"))
        columns = min(COLUMNS, len(metrics))
        rows = -(-len(metrics) // columns)
        made, axes = theme.figure(
            rows=rows, columns=columns, height_in=rows * (0.45 + 0.28 * len(arms)) + 0.1
        )
        means = numbers.groupby(["arm", "metric"])["value"].mean().rename("mean").reset_index()
        beaten = gamed(means, contents.comparators)
        labels = [theme.wrapped(arm, 24) for arm in arms]
        for index, (axis, metric) in enumerate(zip(axes, metrics, strict=False)):
            panel = numbers[numbers["metric"] == metric]
            for place, arm in enumerate(arms):
                mine = panel[panel["arm"] == arm]
                colour = theme.style(arm, contents.facts.arms)[0]
                _draw_arm(axis, mine, place, colour)
            title = f"{label_of(metric)} {theme.ARROW[better_of(metric)]}"
            axis.set_title(marked(title, metric, beaten), loc="left", fontweight="bold")
            axis.set(ylim=(len(arms) - 0.4, -0.6), yticks=range(len(arms)))
            axis.set_yticklabels(labels if index % columns == 0 else [])
            axis.locator_params(axis="x", nbins=5)
            axis.tick_params(axis="y", length=0)
        for axis in axes[len(metrics) :]:
            axis.set_axis_off()
        return made


def _draw_arm(axis: Any, mine: pd.DataFrame, place: int, colour: str) -> None:
    """Draw the runs of an arm and their mean, and write it at the right of the panel."""
    values = mine["value"].to_numpy(dtype=float)
    if not len(values):
        return
    behind(
        axis.scatter(values, [place] * len(values), s=16, color=colour, alpha=0.8, lw=0),
        mine["run_id"],
    )
    mean = float(values.mean())
    axis.plot([mean, mean], [place - 0.32, place + 0.32], color=colour, lw=1.6)
    spread = f" ± {values.std(ddof=1):.3f}" if len(values) > 1 else ""
    axis.annotate(
        f"{mean:.3f}{spread}",
        (1.02, place),
        xycoords=("axes fraction", "data"),
        fontsize=6.5,
        color=theme.GREY,
        va="center",
    )
