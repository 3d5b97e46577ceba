"""Every trial as a line through its settings, designed and adaptive trials apart."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ablate.analysis.dimensions import Varied
from ablate.analysis.question import metric_label
from ablate.analysis.searched import searched_dimensions, searched_trials
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section
from ablate.report.figures.history import SHADE
from ablate.report.searched import NO_SCORE, NO_SEARCH

COLOURS = "viridis"
MANY_LINES = 400  # one picture instead of megabytes of paths
COLUMNS = ["is_adaptive", "trial", "dimension", "value", "place", "score"]


@FIGURES.register("parallel")
class Parallel:
    """Parallel coordinates; the adaptive part shaded."""

    section: Section = "search"
    number = 6
    title = "Settings of every trial"
    caption = (
        "Exploratory, no claim. A line is a trial, its heights are its settings in their ranges "
        "(logarithmic where the range is), its colour the val score; settings that were not active "
        "break the line. The shaded part holds adaptive trials: where its lines crowd is where the "
        "sampler looked, not how good that is."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per trial and setting: its value, its place from 0 to 1, the score."""
        trials = searched_trials(contents.facts, contents.runs)
        if trials.empty:
            return NotDrawn(NO_SEARCH)
        if not trials["score"].notna().any():
            return NotDrawn(NO_SCORE)
        if len(searched_dimensions(contents.facts, trials)) < 2:
            return NotDrawn("fewer than two settings varied")
        trials = trials.dropna(subset=["score"])
        rows: list[dict[str, Any]] = []
        for one in searched_dimensions(contents.facts, trials):
            some = trials.dropna(subset=[one.column])
            rows += [
                {
                    "is_adaptive": bool(row["is_adaptive"]),
                    "trial": row["trial"],
                    "dimension": one.name,
                    "value": row[one.column],
                    "place": _place(one, row[one.column]),
                    "score": row["score"],
                }
                for row in some.to_dict("records")
            ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the designed trials above the adaptive ones."""
        trials = searched_trials(contents.facts, contents.runs).dropna(subset=["score"])
        dimensions = searched_dimensions(contents.facts, trials)
        kinds = [kind for kind in (False, True) if (numbers["is_adaptive"] == kind).any()]
        made, axes = theme.figure(rows=len(kinds), columns=1, height_in=0.4 + 1.75 * len(kinds))
        scores = numbers["score"].to_numpy(dtype=float)
        colours = ScalarMappable(Normalize(float(scores.min()), float(scores.max())), COLOURS)
        for axis, is_adaptive in zip(axes, kinds, strict=True):
            part = numbers[numbers["is_adaptive"] == is_adaptive]
            _draw(axis, part, dimensions, colours)
            axis.set_title("adaptive trials" if is_adaptive else "designed trials", loc="left")
            if is_adaptive:
                axis.set_facecolor(SHADE)
        bar = made.colorbar(colours, ax=axes, fraction=0.03, pad=0.02)
        bar.set_label(f"val {metric_label(contents.facts.selecting)}")
        bar.outline.set_linewidth(0.4)
        return made


def _place(one: Varied, value: Any) -> float:
    if one.choices:
        return one.choices.index(str(value)) / max(len(one.choices) - 1, 1)
    return float(one.positions([float(value)])[0, 0])


def _draw(
    axis: Axes, part: pd.DataFrame, dimensions: list[Varied], colours: ScalarMappable
) -> None:
    names = [one.name for one in dimensions]
    wide = part.pivot(index="trial", columns="dimension", values="place").reindex(columns=names)
    scores = part.drop_duplicates("trial").set_index("trial")["score"].reindex(wide.index)
    width = 0.5 if len(wide) < 200 else 0.25
    places = wide.to_numpy(dtype=float)
    points = np.dstack([np.broadcast_to(np.arange(len(names)), places.shape), places])
    shades = colours.to_rgba(scores.to_numpy(dtype=float))
    is_picture = len(wide) > MANY_LINES
    axis.add_collection(
        LineCollection(
            list(points), colors=shades, linewidths=width + 0.2, alpha=0.8, rasterized=is_picture
        )
    )
    there = np.isfinite(places)
    across, up = points[there].T
    axis.scatter(
        across,
        up,
        s=1.44,
        color=np.repeat(shades, there.sum(axis=1), axis=0),
        alpha=0.8,
        rasterized=is_picture,
    )
    for at, one in enumerate(dimensions):
        axis.axvline(at, color="0.3", lw=0.6, zorder=0)
        ticks = [(k / max(len(one.choices) - 1, 1), name) for k, name in enumerate(one.choices)]
        for place, text in ticks or [(0.0, f"{one.low:.3g}"), (1.0, f"{one.high:.3g}")]:
            axis.annotate(
                theme.wrapped(text, 14, lines=1),
                (at, place),
                (3, 2),
                fontsize=6,
                textcoords="offset points",
                color="0",
                va="bottom",
                bbox={"fc": "1", "ec": "none", "alpha": 0.7, "pad": 0.6},
            )
    axis.set(xlim=(-0.05, len(names) - 1 + 0.45), ylim=(-0.06, 1.16), yticks=[])
    axis.set_xticks(range(len(names)), [theme.wrapped(name, 18) for name in names])
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
