"""Every run of every arm, per metric, with means and the floor rules."""

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from ablate.analysis.table import designed, floor_means
from ablate.metrics.catalogue import BETTER, LABELS
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, Section

RULES = {"mean": "--", "max": ":"}


@FIGURES.register("arm_points")
class ArmPoints:
    """Raw points beside means; six panels."""

    section: Section = "answers"
    number = 3
    title = "Test scores per arm"
    caption = (
        "A dot is one training run (mean over the test images), the bar the mean over runs; dashed "
        "and dotted lines are the rules mean and max of the two sources. Arrows: better direction. "
        "Where a rule lies far away its line is left out; see the table."
    )

    def applies(self, contents: Contents) -> str | None:
        """Return a reason when no designed run has finished."""
        runs = designed(contents.runs, contents.facts["phases"])
        return None if (runs["state"] == "finished").any() else "no designed run has finished"

    def numbers(self, contents: Contents) -> pd.DataFrame:
        """Return one row per run and metric: arm, seed, metric, value."""
        runs = designed(contents.runs, contents.facts["phases"])
        runs = runs[runs["state"] == "finished"]
        keys = [f"test/{name}" for name in contents.facts["metrics"] if f"test/{name}" in runs]
        long = runs.melt(["arm", "seed"], keys, var_name="metric").dropna()
        return long.assign(metric=long["metric"].str.removeprefix("test/"))

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return six panels, one per metric, arms from the top in design order."""
        order = [arm for arm in contents.facts["arms"] if arm in set(numbers["arm"])]
        metrics = list(dict.fromkeys(numbers["metric"]))
        columns = min(3, len(metrics))
        rows = -(-len(metrics) // columns)
        labels = [theme.wrapped(arm, 22) for arm in order]
        per_arm = 0.3 if any("\n" in label for label in labels) else 0.24
        made, axes = theme.figure(
            rows=rows, columns=columns, height_in=rows * (0.5 + per_arm * len(order)) + 0.25
        )
        shown: set[str] = set()
        floors = floor_means(contents.floors)
        for index, (axis, metric) in enumerate(zip(axes, metrics, strict=False)):
            part = numbers[numbers["metric"] == metric]
            colours = {arm: theme.style(arm, order)[0] for arm in order}
            sns.stripplot(
                part, x="value", y="arm", order=order, hue="arm", palette=colours, jitter=False,
                size=4, alpha=0.8, legend=False, ax=axis,
            )  # fmt: skip
            for place, arm in enumerate(order):
                mean = part.loc[part["arm"] == arm, "value"].mean()
                axis.plot([mean, mean], [place - 0.32, place + 0.32], color=colours[arm], lw=1.6)
            low, high = part["value"].min(), part["value"].max()
            near = max(high - low, 1e-9)
            for rule, dashes in RULES.items():
                level = floors.query("rule == @rule and metric == @metric")["value"]
                if len(level) and low - near < level.iloc[0] < high + near:
                    axis.axvline(level.iloc[0], color="0.45", ls=dashes, lw=0.9)
                    shown.add(rule)
            axis.set(title=f"{LABELS[metric]} {theme.ARROW[BETTER[metric]]}", xlabel="", ylabel="")
            axis.locator_params(axis="x", nbins=4)
            axis.tick_params(axis="y", length=0)
            axis.set_yticks(range(len(order)), labels if index % columns == 0 else [])
        for axis in axes[len(metrics) :]:
            axis.set_axis_off()
        marks = [theme.mark("one run", marker="o", ms=4, color=theme.FAINT),
                 theme.mark("mean", marker="|", ms=8, mew=1.6, color=theme.FAINT)]  # fmt: skip
        marks += [
            theme.mark(f"rule {rule}", ls=dashes, lw=0.9, color="0.45")
            for rule, dashes in RULES.items()
            if rule in shown
        ]
        theme.legend_below(made, marks)
        return made
