"""Two objectives of a search against each other: the trials that no other trial beats in both."""

from itertools import combinations
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.searched import searched_trials
from ablate.metrics.catalogue import is_lower_better
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.dots import behind
from ablate.report.figures import FIGURES, NotDrawn, Section
from ablate.report.searched import NO_SCORE, NO_SEARCH
from ablate.report.values import trade_offs

ONE = "the study has one objective"
COLUMNS = ["x_name", "y_name", "phase", "trial", "run_id", "is_adaptive", "x", "y", "is_front"]


@FIGURES.register("front")
class Front:
    """A panel per pair of objectives with every trial, those of the front joined."""

    section: Section = "search"
    number = 2
    title = "Front of the objectives"
    caption = (
        "Exploratory, no claim. Val scores of every trial in two objectives at a time. Circled: "
        "trials that no other trial of their phase beats in all objectives at once; a line joins "
        "them where there are two objectives. Arrows say which way is better."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per pair of objectives and trial with a score in both."""
        facts = contents.facts
        if len(facts.objectives) < 2:
            return NotDrawn(ONE)
        trials = searched_trials(facts, contents.runs)
        if trials.empty:
            return NotDrawn(NO_SEARCH)
        for objective in facts.objectives:
            some = searched_trials(facts, contents.runs, objective=objective)
            trials = trials.assign(**{f"score {objective}": some["score"]})
        scored = trials.dropna(subset=[f"score {objective}" for objective in facts.objectives])
        kept = set(zip(*(trade_offs(contents)[name] for name in ("phase", "trial")), strict=True))
        rows = [
            {
                "x_name": x,
                "y_name": y,
                "phase": row["phase"],
                "trial": row["trial"],
                "run_id": row["run_id"],
                "is_adaptive": row["is_adaptive"],
                "x": row[f"score {x}"],
                "y": row[f"score {y}"],
                "is_front": (row["phase"], row["trial"]) in kept,
            }
            for x, y in combinations(facts.objectives, 2)
            for row in scored.to_dict("records")
        ]
        return pd.DataFrame(rows, columns=COLUMNS) if rows else NotDrawn(NO_SCORE)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the panels, two abreast."""
        pairs = list(dict.fromkeys(zip(numbers["x_name"], numbers["y_name"], strict=True)))
        columns = min(2, len(pairs))
        rows = -(-len(pairs) // columns)
        made, axes = theme.figure(
            rows=rows,
            columns=columns,
            height_in=2.7 * rows,
        )
        for axis, (x, y) in zip(axes, pairs, strict=False):
            mine = numbers[(numbers["x_name"] == x) & (numbers["y_name"] == y)]
            _draw(axis, mine, is_joined=len(pairs) == 1)
            axis.set(xlabel=_named(x), ylabel=_named(y))
        for axis in axes[len(pairs) :]:
            axis.set_axis_off()
        kinds: set[Any] = set(numbers["is_adaptive"].astype(bool))
        theme.legend_below(
            made,
            [
                *(
                    theme.mark(name, marker="o", ms=4, mew=0, color=colour)
                    for kind, (name, colour) in theme.TRIALS.items()
                    if kind in kinds
                ),
                theme.mark("on the front", marker="o", ms=8, mfc="none", mew=0.8, color="0"),
            ],
        )
        return made


def _draw(axis: Axes, some: pd.DataFrame, *, is_joined: bool) -> None:
    for kind, (_, colour) in theme.TRIALS.items():
        mine = some[some["is_adaptive"].astype(bool) == kind]
        if len(mine):
            behind(axis.scatter(mine["x"], mine["y"], s=16, lw=0, c=colour), mine["run_id"])
    kept = some[some["is_front"].astype(bool)]
    for _, mine in kept.groupby("phase", sort=False):
        line = mine.sort_values("x", kind="stable")
        axis.plot(
            line["x"],
            line["y"],
            "o",
            ls=(0, (3, 2)) if is_joined else "",
            lw=0.8,
            ms=8,
            mfc="none",
            mew=0.8,
            color="0",
        )
    axis.margins(0.08)
    axis.locator_params(nbins=5)


def _named(objective: str) -> str:
    better = "lower" if is_lower_better(objective) else "higher"
    return f"{theme.scored(objective)} {theme.ARROW[better]}"
