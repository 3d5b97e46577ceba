"""Training losses of all trials of a search, those that were stopped too."""

import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ablate.metrics.catalogue import is_lower_better
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section
from ablate.report.searched import seen

KEY = "train/loss"
MOST_POINTS = 100  # of a curve; of more every k-th is drawn, counted from the last
COLUMNS = ["trial", "run_id", "step", "loss", "score", "is_stopped"]


@FIGURES.register("trial_curves")
class TrialCurves:
    """A training loss per trial in the colour of its score; stopped ones dashed."""

    section: Section = "search"
    number = 7
    title = "Learning curves of all trials"
    caption = (
        "Exploratory, no claim. Training loss of the first seed of every trial in the colour of "
        "its val score; grey dashes: trials without one, stopped or failed. Where trials have "
        "different losses read the shape, never the height."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per trial and step."""
        found = seen(contents)
        if isinstance(found, NotDrawn):
            return found
        curves = contents.curves[contents.curves["key"] == KEY]
        curves = curves.drop_duplicates(["run_id", "step"], keep="last")
        mine = found[0][["trial", "run_id", "score"]].merge(curves, on="run_id")
        if mine.empty:
            return NotDrawn("no loss was recorded")
        from_end = mine.groupby("run_id").cumcount(ascending=False)
        every = -(-mine.groupby("run_id")["step"].transform("size") // MOST_POINTS)
        mine = mine[from_end % every == 0]
        return mine.assign(loss=mine["value"], is_stopped=mine["score"].isna())[COLUMNS]

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return one panel, logarithmic where all losses are positive."""
        made, (axis,) = theme.figure(rows=1, columns=1, height_in=2.6)
        objective = contents.facts.objective
        scores = numbers["score"].astype(float)
        colours = "viridis_r" if is_lower_better(objective) else "viridis"
        shades = ScalarMappable(Normalize(float(scores.min()), float(scores.max())), colours)
        for _, mine in numbers.groupby("run_id", sort=False):
            is_stopped = bool(mine["is_stopped"].iloc[0])
            (shade,) = shades.to_rgba(mine["score"].to_numpy(dtype=float)[:1])
            axis.plot(
                mine["step"],
                mine["loss"],
                color=theme.FAINT if is_stopped else shade,
                ls=(0, (3, 1.5)) if is_stopped else "-",
                lw=0.9,
                zorder=1 if is_stopped else 2,
            )
        axis.set(xlabel="step", ylabel="training loss")
        low, high = float(numbers["loss"].min()), float(numbers["loss"].max())
        if low > 0:
            axis.set_yscale("log")
            ticks = theme.log_ticks(low, high)
            axis.yaxis.set_minor_locator(NullLocator())
            axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        bar = made.colorbar(shades, ax=axis, fraction=0.03, pad=0.02)
        bar.set_label(theme.scored(objective))
        bar.outline.set_linewidth(0.4)
        if numbers["is_stopped"].any():
            theme.legend_below(
                made,
                [theme.mark("no score: stopped or failed", ls=(0, (3, 1.5)), color=theme.FAINT)],
            )
        return made
