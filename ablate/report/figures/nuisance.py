"""Where the tuning points that won lie in their ranges, and what share the gradient term had."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.question import label_of
from ablate.positions import positions
from ablate.published import NuisanceRange
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NO_ANSWERS, NotDrawn, Section
from ablate.report.values import tuning_points
from ablate.stats.range_edge import OUTER, count_outer

SHARE = "train/gradient/grad_share"
COLUMNS = [
    "question",
    "value",
    "setting",
    "block",
    "is_winner",
    "number",
    "place",
    "low",
    "high",
    "is_log",
    "outer",
    "winners",
]


@FIGURES.register("nuisance")
class Nuisance:
    """A part per question: a panel per tuned setting, and one for the share of the gradient."""

    section: Section = "health"
    number = 9
    title = "Tuned settings of the winners"
    caption = (
        "Grey ticks: all tuning points of a value; marks: the points that won in their block. "
        "Shaded: the outer 5 % at both ends of the range. Winners that crowd there, more than "
        "chance puts there, say that the range is too narrow: the guard of the verdict tests that. "
        "Gradient share: part of the gradient term in the gradient of the loss, lambda included, "
        "at the last step where it was measured, winners only."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per question, value, setting and tuning point."""
        if not contents.answered:
            return NotDrawn(NO_ANSWERS)
        last = contents.curves[contents.curves["key"] == SHARE]
        last = last.sort_values("step", kind="stable").drop_duplicates("run_id", keep="last")
        shares = dict(zip(last["run_id"], last["value"], strict=True))
        rows: list[dict[str, Any]] = []
        for question in contents.answered:
            points = tuning_points(contents, question)
            for value in question.values:
                mine = points[points["value"] == value]
                about = {"question": question.id, "value": label_of(value)}
                for nuisance in contents.facts.nuisance:
                    if nuisance.name in mine:
                        rows += _of_range(mine.dropna(subset=[nuisance.name]), nuisance, about)
                rows += [
                    {
                        **about,
                        "setting": "grad_share",
                        "block": row.block,
                        "is_winner": True,
                        "number": shares[row.run_id],
                    }
                    for row in mine[mine["is_winner"]].itertuples()
                    if row.run_id in shares
                ]
        return pd.DataFrame(rows, columns=COLUMNS) if rows else NotDrawn("nothing was tuned")

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return values from the top in design order, settings abreast."""
        questions = list(dict.fromkeys(numbers["question"]))
        settings = list(dict.fromkeys(numbers["setting"]))
        counts = [numbers.loc[numbers["question"] == q, "value"].nunique() for q in questions]
        made, parts = theme.stacked([0.65 + 0.24 * count for count in counts], foot_in=0.2)
        for part, question in zip(parts, questions, strict=True):
            table = numbers[numbers["question"] == question]
            order = list(dict.fromkeys(table["value"]))
            panels = part.subplots(1, len(settings), squeeze=False, sharey=True).flat
            for axis, setting in zip(panels, settings, strict=True):
                _draw(axis, table[table["setting"] == setting], setting, order)
            if len(questions) > 1:
                theme.heading(part, question)
        theme.legend_below(
            made,
            [
                theme.mark("tuning point", marker="|", ms=6, color=theme.FAINT),
                theme.mark("winner of a block", marker="o", ms=4, color="0", mew=0),
                theme.mark("outer 5 % of the range", marker="s", ms=6, color=theme.BAND),
            ],
        )
        return made


def _of_range(
    points: pd.DataFrame, nuisance: NuisanceRange, about: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the points of a value in one range, with how many winners crowd at its ends."""
    name, is_log = nuisance.name, nuisance.is_log
    low, high = float(nuisance.low), float(nuisance.high)
    places = positions(points[name].astype(float).tolist(), low=low, high=high, is_log=is_log)
    won = points["is_winner"].tolist()
    outer = count_outer([place for place, is_winner in zip(places, won, strict=True) if is_winner])
    return [
        {
            **about,
            "setting": name,
            "block": block,
            "is_winner": is_winner,
            "number": float(number),
            "place": place,
            "low": low,
            "high": high,
            "is_log": is_log,
            "outer": outer,
            "winners": sum(won),
        }
        for block, is_winner, number, place in zip(
            points["block"], won, points[name], places, strict=True
        )
    ]


def _draw(axis: Axes, some: pd.DataFrame, setting: str, order: list[str]) -> None:
    for place, value in enumerate(order):
        mine = some[some["value"] == value]
        colour, marker = theme.style(value, order)
        lost = mine.loc[~mine["is_winner"].astype(bool), "number"]
        won = mine.loc[mine["is_winner"].astype(bool), "number"]
        axis.plot(lost, [place] * len(lost), "|", color=theme.FAINT, ms=6, mew=0.6)
        axis.plot(won, [place] * len(won), marker, color=colour, ms=4, mew=0, alpha=0.75)
    known = some.dropna(subset=["low"])
    if len(known):
        low, high = float(known["low"].iloc[0]), float(known["high"].iloc[0])
        if bool(known["is_log"].iloc[0]):
            theme.log_axis(axis, low, high)
            inner = (low * (high / low) ** OUTER, high / (high / low) ** OUTER)
        else:
            axis.set_xlim(low - 0.03 * (high - low), high + 0.03 * (high - low))
            inner = (low + OUTER * (high - low), high - OUTER * (high - low))
        axis.axvspan(low, inner[0], color=theme.BAND, lw=0, zorder=0)
        axis.axvspan(inner[1], high, color=theme.BAND, lw=0, zorder=0)
    else:
        axis.set_xlim(0, max(1.0, float(some["number"].max())) * 1.04)
    axis.set(ylim=(len(order) - 0.5, -0.5), yticks=range(len(order)))
    axis.set_yticklabels([theme.wrapped(value, 22, lines=1) for value in order])
    axis.set_xlabel("gradient share" if setting == "grad_share" else theme.wrapped(setting, 28))
    axis.tick_params(axis="y", length=0)
