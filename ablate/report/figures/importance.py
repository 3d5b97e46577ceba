"""What moves the objective: fANOVA variance per dimension, beside what chance moves."""

from dataclasses import asdict

import pandas as pd
from matplotlib.figure import Figure

from ablate.analysis.question import metric_label
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section

COLUMNS = ["response", "dimension", "variance", "shuffled", "is_above", "is_dummy"]


@FIGURES.register("importance")
class Importance:
    """Bars of un-normalised variance with a tick of shuffled responses; a panel per response."""

    section: Section = "exploration"
    number = 1
    title = "Importance of every dimension"
    caption = (
        "Exploratory, no claim. Bars: variance of the val score along one dimension when all "
        "others are averaged out (fANOVA of a random forest, in squared units, not shares), "
        "non-adaptive trials only. Ticks: the largest of 19 forests on shuffled scores. A pale "
        "bar stays below its tick: undecided, not without effect, for one strong dimension lifts "
        "all ticks. The dummy sets nothing: what it shows is noise."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per response and dimension, the largest variance first."""
        rows = [
            {"response": one.response, **asdict(row)}
            for one in contents.responses
            for row in one.importance
        ]
        if not rows:
            return NotDrawn(contents.why_unexplored)
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return a panel per response, dimensions from the top."""
        responses = list(dict.fromkeys(numbers["response"]))
        count = int(numbers.groupby("response").size().max())
        columns = min(3, len(responses))
        rows = -(-len(responses) // columns)
        width = theme.WIDE_IN if columns > 1 else theme.WIDE_IN * 0.6
        made, axes = theme.figure(
            rows=rows,
            columns=columns,
            height_in=rows * (0.55 + 0.19 * count) + 0.25,
            width_in=width,
        )
        for axis, response in zip(axes, responses, strict=False):
            part = numbers[numbers["response"] == response].to_dict("records")
            for place, row in enumerate(part):
                colour = theme.FAINT if row["is_dummy"] else theme.STYLE["signed"][0]
                axis.barh(
                    place,
                    row["variance"],
                    height=0.62,
                    color=colour,
                    lw=0,
                    alpha=1.0 if row["is_above"] else 0.35,
                )
                axis.plot([row["shuffled"]] * 2, [place - 0.42, place + 0.42], color="0", lw=1.2)
            axis.set(ylim=(len(part) - 0.4, -0.6), yticks=range(len(part)))
            axis.set_yticklabels([theme.wrapped(str(row["dimension"]), 22) for row in part])
            axis.set_xlabel(f"variance of val {metric_label(response.partition('/')[2])}")
            axis.set_xlim(left=0)
            axis.ticklabel_format(axis="x", style="sci", scilimits=(-2, 3), useMathText=True)
            axis.locator_params(axis="x", nbins=5)
            axis.tick_params(axis="y", length=0)
        for axis in axes[len(responses) :]:
            axis.set_axis_off()
        colour = theme.STYLE["signed"][0]
        square = {"marker": "s", "ms": 6, "mew": 0}
        theme.legend_below(
            made,
            [
                theme.mark("above its tick", color=colour, **square),
                theme.mark("below", color=colour, alpha=0.35, **square),
                theme.mark("dummy", color=theme.FAINT, alpha=0.5, **square),
                theme.mark("shuffled scores", marker="|", ms=8, mew=1.2, color="0"),
            ],
        )
        return made
