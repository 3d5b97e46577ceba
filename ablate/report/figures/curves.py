"""Training loss over steps: median over the seeds of an arm, and every run."""

import pandas as pd
from matplotlib.figure import Figure

from ablate.analysis.table import designed
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, Section

KEYS = {"train/loss": "training loss", "train/gradient": "gradient term, unweighted"}


@FIGURES.register("curves")
class Curves:
    """Learning curves; two panels."""

    section: Section = "health"
    number = 8
    title = "Learning curves"
    caption = (
        "Thin lines are runs, thick lines the median over the seeds of an arm. Values of different "
        "arms are different losses: read the shape, never the height."
    )

    def applies(self, contents: Contents) -> str | None:
        """Return a reason when no run wrote a loss."""
        return None if (contents.curves["key"] == "train/loss").any() else "no loss was recorded"

    def numbers(self, contents: Contents) -> pd.DataFrame:
        """Return one row per designed run, key and step."""
        runs = designed(contents.runs, contents.facts["phases"])[["run_id", "arm"]]
        some = contents.curves[contents.curves["key"].isin(KEYS)]
        return some.merge(runs, on="run_id").drop_duplicates(["run_id", "key", "step"], keep="last")

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return loss and gradient term beside each other, logarithmic."""
        order = [arm for arm in contents.facts["arms"] if arm in set(numbers["arm"])]
        made, axes = theme.figure(rows=1, columns=2, height_in=2.4)
        for axis, (key, label) in zip(axes, KEYS.items(), strict=True):
            for arm in order:
                part = numbers[(numbers["arm"] == arm) & (numbers["key"] == key)]
                colour, _ = theme.style(arm, order)
                for _, run in part.groupby("run_id"):
                    axis.plot(run["step"], run["value"], color=colour, lw=0.5, alpha=0.4)
                middle = part.groupby("step")["value"].median()
                axis.plot(middle.index, middle, color=colour, lw=1.5, label=arm)
            axis.set(title=label, xlabel="step", yscale="log")
        made.legend(
            *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False
        )
        return made
