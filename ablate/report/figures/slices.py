"""Every trial's score against each setting: one small panel per searched dimension."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.dimensions import Varied
from ablate.analysis.searched import best_first
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.dots import behind
from ablate.report.figures import FIGURES, NotDrawn, Section
from ablate.report.searched import by_importance, seen

MOST = 12  # panels
COLUMNS = [
    "dimension",
    "is_named",
    "trial",
    "run_id",
    "is_adaptive",
    "is_best",
    "value",
    "score",
    "reported",
]


@FIGURES.register("slices")
class Slices:
    """Scores over each dimension, the most important first."""

    section: Section = "search"
    number = 3
    title = "Slices"
    caption = (
        "Exploratory, no claim. Val score of every trial against one setting at a time, the others "
        "are whatever they were. Star: the best trial; rings: trials that were stopped early, at "
        "their last report. The dimensions that explain most stand first, at most 12."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per dimension and trial in which it was active."""
        found = seen(contents)
        if isinstance(found, NotDrawn):
            return found
        trials, dimensions = found
        best = best_first(trials, contents.facts.objective)["run_id"].iloc[0]
        trials = trials.dropna(subset=["score", "reported"], how="all")
        rows: list[dict[str, Any]] = []
        for one in by_importance(trials, dimensions)[:MOST]:
            rows += [
                {
                    "dimension": one.name,
                    "is_named": bool(one.choices),
                    "trial": row["trial"],
                    "run_id": row["run_id"],
                    "is_adaptive": row["is_adaptive"],
                    "is_best": row["run_id"] == best,
                    "value": row[one.column],
                    "score": row["score"],
                    "reported": row["reported"],
                }
                for row in trials.dropna(subset=[one.column]).to_dict("records")
            ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the panels, four abreast at most, with one scale of scores."""
        found = seen(contents)
        assert not isinstance(found, NotDrawn)
        dimensions = {one.name: one for one in found[1]}
        names = list(dict.fromkeys(numbers["dimension"]))
        columns = theme.columns_of(len(names))
        rows = -(-len(names) // columns)
        made, parts = theme.stacked([1.75 * rows], foot_in=0.25)
        axes = parts[0].subplots(rows, columns, squeeze=False, sharey=True)
        for place, axis in enumerate(axes.flat):
            if place < len(names):
                name = names[place]
                _draw(axis, numbers[numbers["dimension"] == name], dimensions[name])
            else:
                axis.set_axis_off()
        for row in axes:
            row[0].set_ylabel(theme.scored(contents.facts.objective))
        kinds = set(numbers["is_adaptive"].astype(bool))
        handles = [
            theme.mark(name, marker="o", ms=3.6, mew=0, color=colour)
            for kind, (name, colour) in theme.TRIALS.items()
            if kind in kinds
        ]
        handles.append(theme.mark("best trial", marker="*", ms=8, mew=0.5, mec="0", mfc="0.95"))
        if numbers["reported"].notna().any():
            handles.append(
                theme.mark(
                    "stopped early, last report",
                    marker="o",
                    ms=3.6,
                    mfc="none",
                    mec=theme.GREY,
                    mew=0.7,
                )
            )
        theme.legend_below(made, handles)
        return made


def _draw(axis: Axes, some: pd.DataFrame, one: Varied) -> None:
    if one.choices:
        order = [value for value in one.choices if value in set(some["value"].astype(str))]
        places = np.array([order.index(str(value)) for value in some["value"]], dtype=float)
        nth = pd.Series(places).groupby(places).cumcount().to_numpy(dtype=float)
        across = places + 0.2 * np.sin(nth * 2.4)  # a fixed jitter
        axis.set_xlim(-0.6, len(order) - 0.4)
        labels = [theme.wrapped(value, 12) for value in order]
        is_long = max(len(label) for label in labels) > 9 or len(labels) > 4
        axis.set_xticks(range(len(order)), labels, rotation=90 if is_long else 0)
    else:
        across = some["value"].astype(float).to_numpy()
    for kind, (_, colour) in theme.TRIALS.items():
        mine = (some["is_adaptive"].astype(bool) == kind).to_numpy()
        is_scored = mine & some["score"].notna().to_numpy()
        if is_scored.any():
            dots = axis.scatter(across[is_scored], some["score"][is_scored], s=14, lw=0, c=colour)
            behind(dots, some["run_id"][is_scored])
    stopped = some["reported"].notna().to_numpy()
    if stopped.any():
        rings = axis.scatter(
            across[stopped],
            some["reported"][stopped],
            s=14,
            lw=0.7,
            facecolors="none",
            edgecolors=theme.GREY,
        )
        behind(rings, some["run_id"][stopped])
    best = some["is_best"].astype(bool).to_numpy()
    axis.plot(across[best], some["score"][best], "*", ms=8, mew=0.5, mec="0", mfc="0.95", zorder=4)
    axis.set_xlabel(theme.wrapped(one.name, 22))
    axis.locator_params(axis="y", nbins=5)
    if one.is_log:
        theme.log_axis(axis, one.low, one.high)
    elif not one.choices:
        axis.locator_params(axis="x", nbins=4)
