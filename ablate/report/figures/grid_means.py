"""A grid along each of its dimensions: mean and spread over all other settings."""

from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from ablate.analysis.searched import grid_trials, values_of
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section

NO_GRID = "no phase crosses two or more dimensions of a few values"
COLUMNS = ["kind", "phase", "dimension", "value", "score", "sd", "trials", "trial"]


@FIGURES.register("grid_means")
class GridMeans:
    """A panel per dimension: marginal means, their spread, and every trial."""

    section: Section = "search"
    number = 9
    title = "Means along the grid"
    caption = (
        "Exploratory, no claim. Diamonds: mean val score of all trials with a value, over every "
        "value of the other dimensions; bars: one standard deviation of these trials, which is "
        "what the other settings and chance do, and no interval of the mean; dots: the trials."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return rows of two kinds: mean (with sd and number of trials), and trial."""
        trials, dimensions = grid_trials(contents.facts, contents.runs)
        if trials.empty:
            return NotDrawn(NO_GRID)
        rows: list[dict[str, Any]] = []
        for one in dimensions:
            for value in values_of(trials, one):
                values = trials[one.column]
                mine = trials[
                    values.astype(str) == value if one.choices else values.astype(float) == value
                ]
                about = {
                    "phase": trials["phase"].iloc[0],
                    "dimension": one.name,
                    "value": value if one.choices else f"{value:.4g}",
                }
                rows.append(
                    {
                        **about,
                        "kind": "mean",
                        "score": mine["score"].mean(),
                        "sd": mine["score"].std(ddof=1),
                        "trials": len(mine),
                    }
                )
                rows += [
                    {**about, "kind": "trial", "score": row["score"], "trial": row["trial"]}
                    for row in mine.to_dict("records")
                ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the panels with one scale of scores."""
        names = list(dict.fromkeys(numbers["dimension"]))
        columns = theme.columns_of(len(names))
        rows = -(-len(names) // columns)
        made, parts = theme.stacked([2.0 * rows])
        axes = parts[0].subplots(rows, columns, squeeze=False, sharey=True)
        for place, axis in enumerate(axes.flat):
            if place >= len(names):
                axis.set_axis_off()
                continue
            mine = numbers[numbers["dimension"] == names[place]]
            means, trials = (mine[mine["kind"] == kind] for kind in ("mean", "trial"))
            order = list(means["value"])
            sns.stripplot(
                data=trials,
                x="value",
                y="score",
                order=order,
                ax=axis,
                color=theme.FAINT,
                size=2.5,
                jitter=False,
                alpha=0.8,
            )
            axis.errorbar(
                range(len(order)),
                means["score"].astype(float),
                yerr=means["sd"].astype(float).fillna(0.0),
                fmt="D-",
                color=theme.STYLE["signed"][0],
                ms=3.8,
                lw=0.9,
                capsize=2,
            )
            labels = [theme.wrapped(str(value), 12) for value in order]
            is_long = max(len(label) for label in labels) > 9 or len(labels) > 5
            axis.set_xticks(range(len(order)), labels, rotation=90 if is_long else 0)
            axis.set_xlim(-0.5, len(order) - 0.5)
            axis.set(xlabel=theme.wrapped(names[place], 22), ylabel="")
            axis.locator_params(axis="y", nbins=5)
        for row in axes:
            row[0].set_ylabel(theme.scored(contents.facts.objective))
        return made
