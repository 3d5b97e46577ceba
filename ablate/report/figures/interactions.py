"""Which dimensions act together: a heatmap of pairs, undecided ones hatched."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from ablate.analysis.question import metric_label
from ablate.config.nuisance import CONTROL
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section

COLUMNS = [
    "kind",
    "response",
    "first",
    "second",
    "variance",
    "f",
    "p",
    "is_decided",
    "contrast",
    "estimate",
    "low",
    "high",
    "seeds",
]
COLOURS = "Blues"


@FIGURES.register("interactions")
class Interactions:
    """Variance of the interaction of every pair; below it contrasts of contrasts, if any."""

    section: Section = "exploration"
    number = 2
    title = "Dimensions that act together"
    caption = (
        "Exploratory, no claim. Cells: variance of the val score that products of two dimensions "
        "explain beyond all single effects and noise, in squared units; non-adaptive trials only. "
        "Hatched: undecided, its F lies within the largest of all pairs in 95 % of 199 shuffles. "
        "Where a pair with the control (dummy) is beyond that, all of its panel is hatched. "
        "Dots, where a full factorial was run: what a value of one factor adds at a value of the "
        "other, minus the same at its baseline, on test, with a 95 % t interval over seeds."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return rows of two kinds: pair, and contrast (of contrasts)."""
        rows: list[dict[str, Any]] = [
            {"kind": "pair", "response": one.response, **asdict(row)}
            for one in contents.responses
            for row in one.interactions
        ]
        rows += [
            {
                "kind": "contrast",
                "response": f"test/{row.metric}",
                **asdict(row),
                "contrast": f"{row.first} {row.first_value} x {row.second} {row.second_value}",
            }
            for row in (contents.explored.crossed if contents.explored else ())
        ]
        if not rows:
            reason = next((one.no_interactions for one in contents.responses), "")
            return NotDrawn(reason or contents.why_unexplored)
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the heatmaps of all responses abreast, and contrasts below."""
        pairs, contrasts = (numbers[numbers["kind"] == kind] for kind in ("pair", "contrast"))
        heights = [_heights(pairs)] if len(pairs) else []
        heights += [0.6 + 0.2 * contrasts["contrast"].nunique()] if len(contrasts) else []
        made, parts = theme.stacked(heights, foot_in=0.2)
        if len(pairs):
            _draw_pairs(parts[0], pairs)
            theme.legend_below(
                made, [Patch(fc="1", ec="0.4", hatch="/////", lw=0.4, label="undecided")]
            )
        if len(contrasts):
            _draw_contrasts(parts[-1], contrasts)
        return made


def _heights(pairs: pd.DataFrame) -> float:
    responses = pairs["response"].nunique()
    rows = -(-responses // min(2, responses))
    names = len(set(pairs["first"]) | set(pairs["second"]))
    return float(rows * (1.3 + 0.26 * (names - 1)))


def _draw_pairs(part: Any, pairs: pd.DataFrame) -> None:
    responses = list(dict.fromkeys(pairs["response"]))
    columns = min(2, len(responses))
    axes = part.subplots(-(-len(responses) // columns), columns, squeeze=False)
    for axis, response in zip(axes.flat, responses, strict=False):
        some = pairs[pairs["response"] == response]
        names = list(dict.fromkeys([*some["first"], *some["second"]]))
        top = float(some["variance"].max()) or 1.0
        colours = ScalarMappable(Normalize(0.0, top), COLOURS)
        of_control = (some[["first", "second"]] == CONTROL).any(axis=1)
        has_fired = bool(some.loc[of_control, "is_decided"].astype(bool).any())
        for row in some.to_dict("records"):
            _draw_cell(axis, row, names, colours, is_decided=row["is_decided"] and not has_fired)
        axis.set(
            xlim=(-0.5, len(names) - 1.5),
            ylim=(len(names) - 0.5, 0.5),
            xticks=range(len(names) - 1),
            yticks=range(1, len(names)),
            aspect="equal",
        )
        axis.set_xticklabels([theme.wrapped(name, 18) for name in names[:-1]], rotation=90)
        axis.set_yticklabels([theme.wrapped(name, 18) for name in names[1:]])
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        alarm = ": the control fired" if has_fired else ""
        axis.set_title(f"val {metric_label(response.partition('/')[2])}{alarm}", loc="left")
        bar = part.colorbar(colours, ax=axis, fraction=0.06, pad=0.02)
        bar.outline.set_linewidth(0.4)
        bar.formatter.set_powerlimits((-2, 3))
        bar.formatter.set_useMathText(True)
        bar.locator.set_params(nbins=4)
        bar.ax.tick_params(width=0.4)
        bar.set_label("variance")
    for axis in list(axes.flat)[len(responses) :]:
        axis.set_axis_off()


def _draw_cell(
    axis: Axes, row: Any, names: list[str], colours: ScalarMappable, *, is_decided: bool
) -> None:
    places = sorted((names.index(row["first"]), names.index(row["second"])))
    corner = (places[0] - 0.5, places[1] - 0.5)
    face = colours.to_rgba(np.asarray(row["variance"]))
    hatch = "" if is_decided else "/////"
    axis.add_patch(Rectangle(corner, 1, 1, fc=face, ec="0.55", hatch=hatch, lw=0.0))
    axis.add_patch(Rectangle(corner, 1, 1, fc="none", ec="1", lw=1.2))


def _draw_contrasts(part: Any, contrasts: pd.DataFrame) -> None:
    responses = list(dict.fromkeys(contrasts["response"]))
    names = list(dict.fromkeys(contrasts["contrast"]))
    axes = part.subplots(1, len(responses), squeeze=False, sharey=True)
    for axis, response in zip(axes.flat, responses, strict=True):
        axis.axvline(0, color=theme.FAINT, lw=0.6)
        for row in contrasts[contrasts["response"] == response].to_dict("records"):
            place = names.index(row["contrast"])
            axis.plot([row["low"], row["high"]], [place] * 2, color=theme.GREY, lw=1.2)
            axis.plot(row["estimate"], place, "o", mfc="1", color=theme.GREY, ms=4)
        axis.set(ylim=(len(names) - 0.5, -0.5), yticks=range(len(names)))
        axis.set_yticklabels([theme.wrapped(name, 34, lines=1) for name in names])
        axis.set_xlabel(f"test {metric_label(response.partition('/')[2])}")
        axis.locator_params(axis="x", nbins=5)
        axis.tick_params(axis="y", length=0)
