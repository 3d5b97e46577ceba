"""Every run of every arm, per metric, with means and the floor rules."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
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
        "A dot is one training run (mean over the test images), in an answer phase the winner of a "
        "block; the bar is the mean over runs. Dashed and dotted lines are the rules mean and "
        "max of the two sources; one that lies far away stands as a number at that edge. "
        "Arrows: better direction."
    )

    def applies(self, contents: Contents) -> str | None:
        """Return a reason when no designed run has finished."""
        return None if len(_shown(contents)) else "no designed run has finished"

    def numbers(self, contents: Contents) -> pd.DataFrame:
        """Return one row per run and metric: arm, seed, metric, value."""
        runs = _shown(contents)
        keys = [f"test/{name}" for name in contents.facts["metrics"] if f"test/{name}" in runs]
        long = runs.melt(["arm", "seed"], keys, var_name="metric").dropna()
        return long.assign(metric=long["metric"].str.removeprefix("test/"))

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return six panels, one per metric, arms from the top in design order."""
        order = [arm for arm in contents.facts["arms"] if arm in set(numbers["arm"])]
        order += [arm for arm in dict.fromkeys(numbers["arm"]) if arm not in order]
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
            shown |= _draw_rules(axis, floors[floors["metric"] == metric], part["value"])
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


def _shown(contents: Contents) -> pd.DataFrame:
    """Return the finished runs that won in a block; without an answer those of designed arms."""
    runs = contents.runs[contents.runs["state"] == "finished"]
    won = {one["run_id"] for question in contents.answered for one in question["winners"]}
    winners = runs[runs["run_id"].isin(won)]
    return winners if len(winners) else designed(runs, contents.facts["phases"])


def _draw_rules(axis: Axes, floors: pd.DataFrame, values: pd.Series) -> set[str]:
    """Draw the rules that lie near the values as lines, write the others at their edge."""
    drawn: set[str] = set()
    beyond: dict[str, list[str]] = {"left": [], "right": []}
    low, high = values.min(), values.max()
    near = max(high - low, 1e-9)
    for rule, level in floors.dropna(subset=["value"]).set_index("rule")["value"].items():
        if low - near < level < high + near:
            axis.axvline(level, color="0.45", ls=RULES[str(rule)], lw=0.9)
            drawn.add(str(rule))
        else:
            beyond["left" if level < low else "right"].append(f"{rule} {level:.3g}")
    for side, told in beyond.items():
        if told:
            words = f"← {', '.join(told)}" if side == "left" else f"{', '.join(told)} →"
            axis.annotate(
                words, (float(side == "right"), 0), xycoords="axes fraction", xytext=(0, 2),
                textcoords="offset points", color="0.45", size="small", ha=side, va="bottom",
            )  # fmt: skip
    return drawn
