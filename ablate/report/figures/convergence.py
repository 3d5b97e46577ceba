"""The objective of the pilot against steps: whether the baseline had converged."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ablate.analysis.question import metric_label
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section
from ablate.report.pilots import curve_of


@FIGURES.register("convergence")
class Convergence:
    """One panel: the pilot's seeds and their mean, steps on a logarithmic axis."""

    section: Section = "health"
    number = 7
    title = "Convergence of the baseline"
    caption = (
        "The objective on val of the pilot's runs at an eighth, a quarter, a half and all of their "
        "steps; thick: the mean over seeds. A baseline that still rises at the end says that "
        "effects are those of unfinished trainings: look whether they hold at another budget."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per run and step, and the means under the name "mean"."""
        table = curve_of(contents)
        if table.empty:
            return NotDrawn("no pilot was scored at several steps")
        means = table.groupby("step", as_index=False)["score"].mean().assign(run_id="mean")
        both: pd.DataFrame = pd.concat([table, means], ignore_index=True)
        return both

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the panel."""
        made, (axis,) = theme.figure(rows=1, columns=1, height_in=2.3)
        for run_id, mine in numbers.groupby("run_id", sort=False):
            is_mean = run_id == "mean"
            axis.plot(
                mine["step"],
                mine["score"],
                marker="o" if is_mean else None,
                ms=4,
                lw=1.6 if is_mean else 0.6,
                color="0" if is_mean else theme.FAINT,
                zorder=2 + is_mean,
            )
        split, _, metric = contents.facts.objective.partition("/")
        steps = sorted(numbers["step"].unique())
        axis.set(xlabel="step", ylabel=f"{split} {metric_label(metric)}", xscale="log")
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set_xticks(steps, [f"{step:g}" for step in steps])
        return made
