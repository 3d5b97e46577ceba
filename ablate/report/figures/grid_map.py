"""A grid as heat maps: the mean score of every two values."""

from itertools import combinations
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from ablate.analysis.searched import grid_trials, values_of
from ablate.metrics.catalogue import is_lower_better
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section
from ablate.report.figures.grid_means import NO_GRID

MOST_PAIRS = 6
COLUMNS = ["phase", "x_name", "y_name", "x", "y", "score", "sd", "trials"]


@FIGURES.register("grid_map")
class GridMap:
    """A heat map per pair of dimensions, with the mean score in each cell."""

    section: Section = "search"
    number = 8
    title = "Heat maps of the grid"
    caption = (
        "Exploratory, no claim. Cells: mean val score of the trials with these two values, over "
        "every value of the other dimensions and all seeds; the lighter the better; a blank cell "
        "was not looked at. At most six pairs; all trials are in tables/runs.csv."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per pair of dimensions and cell that has a score."""
        trials, dimensions = grid_trials(contents.facts, contents.runs)
        if trials.empty:
            return NotDrawn(NO_GRID)
        named = {
            one.name: trials[one.column].astype(str)
            if one.choices
            else trials[one.column].astype(float).map("{:.4g}".format)
            for one in dimensions
        }
        order = {
            one.name: [
                value if isinstance(value, str) else f"{value:.4g}"
                for value in values_of(trials, one)
            ]
            for one in dimensions
        }
        rows: list[dict[str, Any]] = []
        for first, second in list(combinations(order, 2))[:MOST_PAIRS]:
            by = trials.groupby([named[first], named[second]])["score"].agg(
                ["mean", "std", "count"]
            )
            rows += [
                {
                    "phase": trials["phase"].iloc[0],
                    "x_name": first,
                    "y_name": second,
                    "x": x,
                    "y": y,
                    "score": by.at[(x, y), "mean"],
                    "sd": by.at[(x, y), "std"],
                    "trials": by.at[(x, y), "count"],
                }
                for x in order[first]
                for y in order[second]
                if (x, y) in by.index
            ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the heat maps, two abreast, in one scale of colours."""
        pairs = list(dict.fromkeys(zip(numbers["x_name"], numbers["y_name"], strict=True)))
        columns = min(2, len(pairs))
        rows = -(-len(pairs) // columns)
        tallest = int(numbers.groupby(["x_name", "y_name"])["y"].nunique().max())
        made, axes = theme.figure(
            rows=rows,
            columns=columns,
            height_in=rows * (0.9 + 0.28 * tallest),
        )
        colours = "viridis_r" if is_lower_better(contents.facts.objective) else "viridis"
        for place, axis in enumerate(axes):
            if place >= len(pairs):
                axis.set_axis_off()
                continue
            x, y = pairs[place]
            mine = numbers[(numbers["x_name"] == x) & (numbers["y_name"] == y)]
            wide = mine.pivot(index="y", columns="x", values="score").reindex(
                index=_in_order(mine["y"])[::-1], columns=_in_order(mine["x"])
            )
            is_right = place % columns == columns - 1 or place == len(pairs) - 1
            sns.heatmap(
                wide.astype(float),
                ax=axis,
                annot=True,
                fmt=".3f",
                cmap=colours,
                vmin=float(numbers["score"].min()),
                vmax=float(numbers["score"].max()),
                cbar=is_right,
                cbar_kws={"label": theme.scored(contents.facts.objective)} if is_right else None,
                linewidths=1.0,
                annot_kws={"fontsize": 7 if wide.shape[1] <= 6 else 5.5},
            )
            axis.set_xticklabels([theme.wrapped(str(one), 12) for one in wide.columns], rotation=0)
            axis.set_yticklabels([theme.wrapped(str(one), 12) for one in wide.index], rotation=0)
            axis.set(xlabel=theme.wrapped(x, 30), ylabel=theme.wrapped(y, 30))
            axis.tick_params(length=0)
        return made


def _in_order(values: "pd.Series[str]") -> list[str]:
    """Values once each: numbers from the smallest, names as they come."""
    names = [str(value) for value in dict.fromkeys(values)]
    numbers = pd.to_numeric(pd.Series(names), errors="coerce")
    return names if numbers.isna().any() else sorted(names, key=float)
