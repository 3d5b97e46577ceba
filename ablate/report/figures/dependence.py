"""Partial dependence: the average course of the objective along every dimension."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.dimensions import explored
from ablate.analysis.question import metric_label
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section

COLUMNS = ["response", "dimension", "kind", "is_log", "is_named", "at", "mean", "low", "high"]
MOST_RESPONSES = 2  # drawn; all are in verdict.json


@FIGURES.register("dependence")
class Dependence:
    """A panel per response and dimension: mean, band, and every trial."""

    section: Section = "exploration"
    number = 3
    title = "Course along every dimension"
    caption = (
        "Exploratory, no claim. Lines and diamonds: val score averaged over all other settings "
        "(partial dependence of a Gaussian process), with the 95 % band of that average; dots are "
        "trials, non-adaptive ones only. The dummy sets nothing. A band that holds a level line "
        "shows no effect. At most two responses; all stand in verdict.json."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return rows of two kinds: average (with its band), and trial."""
        found = explored(contents.facts, contents.runs)
        modelled = [one for one in contents.responses if one.dependence]
        if found is None or not modelled:
            return NotDrawn(contents.why_unexplored)
        rows: list[dict[str, Any]] = []
        for one in modelled[:MOST_RESPONSES]:
            trials = found.trials.dropna(subset=[one.response])
            columns = {varied.name: varied.column for varied in found.dimensions}
            for part in one.dependence:
                about = {
                    "response": one.response,
                    "dimension": part.dimension,
                    "is_log": part.is_log,
                    "is_named": part.is_named,
                }
                rows += [{**about, "kind": "average", **asdict(point)} for point in part.points]
                rows += [
                    {**about, "kind": "trial", "at": at, "mean": float(score)}
                    for at, score in zip(
                        trials[columns[part.dimension]], trials[one.response], strict=True
                    )
                ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return a row per response, or several where there are many dimensions."""
        responses = list(dict.fromkeys(numbers["response"]))
        names = list(dict.fromkeys(numbers["dimension"]))
        columns = len(names) if len(names) <= 5 else theme.columns_of(len(names))
        per = -(-len(names) // columns)
        made, parts = theme.stacked([0.3 + 1.45 * per] * len(responses), foot_in=0.2)
        for part, response in zip(parts, responses, strict=True):
            axes = part.subplots(per, columns, squeeze=False, sharey=True)
            for place, axis in enumerate(axes.flat):
                if place >= len(names):
                    axis.set_axis_off()
                    continue
                some = numbers[
                    (numbers["response"] == response) & (numbers["dimension"] == names[place])
                ]
                _draw(axis, some, names[place])
            for row in axes:
                row[0].set_ylabel(f"val {metric_label(response.partition('/')[2])}")
        theme.legend_below(
            made,
            [
                theme.mark("trial", marker="o", ms=3, color=theme.FAINT, mew=0),
                theme.mark("average and its 95 % band", color="0", lw=1.3, ls="-"),
            ],
        )
        return made


def _draw(axis: Axes, some: pd.DataFrame, name: str) -> None:
    average, trials = (some[some["kind"] == kind] for kind in ("average", "trial"))
    colour = theme.GREY if name == "dummy" else theme.STYLE["signed"][0]
    dots: dict[str, Any] = {
        "marker": "o",
        "ls": "",
        "color": theme.FAINT,
        "ms": 2,
        "mew": 0,
        "alpha": 0.8,
    }
    axis.set_xlabel(theme.wrapped(name, 20))
    if bool(some["is_named"].iloc[0]):
        order = list(average["at"])
        places = [order.index(at) for at in trials["at"]]
        counts = pd.Series(places).groupby(places).cumcount()
        shifts = 0.22 * np.sin(counts.to_numpy(dtype=float) * 2.4)  # a fixed jitter
        axis.plot(np.array(places) + shifts, trials["mean"], **dots)
        for place, row in enumerate(average.to_dict("records")):
            axis.plot([place, place], [row["low"], row["high"]], color=colour, lw=1.4)
            axis.plot(place, row["mean"], "D", color=colour, ms=3.5)
        labels = [theme.wrapped(str(at), 12) for at in order]
        is_long = max(len(label) for label in labels) > 5 or len(labels) > 4
        axis.set_xticks(range(len(order)), labels, rotation=90 if is_long else 0)
        axis.set_xlim(-0.6, len(order) - 0.4)
        return
    at = average["at"].to_numpy(dtype=float)
    axis.plot(trials["at"].to_numpy(dtype=float), trials["mean"], **dots)
    low, high = (average[end].to_numpy(dtype=float) for end in ("low", "high"))
    axis.fill_between(at, low, high, color=colour, alpha=0.25, lw=0)
    axis.plot(at, average["mean"], color=colour, lw=1.3)
    if bool(some["is_log"].iloc[0]):
        theme.log_axis(axis, float(at.min()), float(at.max()))
    else:
        axis.locator_params(axis="x", nbins=4)
