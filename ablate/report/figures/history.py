"""What exploration and search saw, in their order: scores, the best so far, and EDF per value."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from ablate.analysis.effects import near
from ablate.analysis.question import label_of, metric_label
from ablate.design_names import SEARCH, SEARCHES
from ablate.metrics.catalogue import BETTER
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section

COLUMNS = [
    "kind",
    "phase",
    "is_adaptive",
    "trial",
    "order",
    "score",
    "best",
    "question",
    "value",
    "share",
]
SHADE = "0.94"
NO_SEARCH = "the study has no exploration and no search"
NO_SCORE = "no trial has a score"


@FIGURES.register("history")
class History:
    """Scores in the order of the trials, and their distribution per compared value."""

    section: Section = "exploration"
    number = 6
    title = "Search history"
    caption = (
        "Exploratory, no claim. Above: val score of every trial in the order of the design or the "
        "search (dots; ticks at the foot are trials without a score), the line is the best so far; "
        "shaded: adaptive trials. Below: share of trials of a value that score at most x; solid "
        "lines are non-adaptive trials, thin dashed ones adaptive, which are not a fair sample."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return rows of two kinds: trial (in order, with the best so far), and edf."""
        trials = searched_trials(contents)
        if trials.empty:
            return NotDrawn(NO_SEARCH)
        if not trials["score"].notna().any():
            return NotDrawn(NO_SCORE)
        is_lower = BETTER.get(contents.facts.selecting) == "lower"
        best = trials["score"].cummin() if is_lower else trials["score"].cummax()
        table = trials.assign(kind="trial", best=best.ffill(), order=np.arange(1, len(trials) + 1))
        rows: list[dict[Any, Any]] = table.reindex(columns=COLUMNS).to_dict("records")
        for question in contents.facts.questions:
            values = near(question, trials)
            if values is None:
                continue
            for value in question.values:
                for is_adaptive in (False, True):
                    mine = trials[(values == value) & (trials["is_adaptive"] == is_adaptive)]
                    scores = np.sort(mine["score"].dropna().to_numpy(dtype=float))
                    rows += [
                        {
                            "kind": "edf",
                            "question": question.id,
                            "value": label_of(value),
                            "is_adaptive": is_adaptive,
                            "score": float(score),
                            "share": (at + 1) / len(scores),
                        }
                        for at, score in enumerate(scores)
                    ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the history above and a panel per question below."""
        label = f"val {metric_label(contents.facts.selecting)}"
        edf = numbers[numbers["kind"] == "edf"]
        questions = list(dict.fromkeys(edf["question"]))
        columns = min(2, max(1, len(questions)))
        below = -(-len(questions) // columns)
        made, parts = theme.stacked([1.9, *([2.3] * below if questions else [])])
        _draw_history(parts[0], numbers[numbers["kind"] == "trial"], label)
        for row, part in enumerate(parts[1:]):
            some = questions[row * columns : (row + 1) * columns]
            for panel, question in zip(
                part.subfigures(1, columns, squeeze=False).flat, some, strict=False
            ):
                _draw_edf(panel, edf[edf["question"] == question], label)
                theme.heading(panel, question)
        return made


def searched_trials(contents: Contents) -> pd.DataFrame:
    """Return one row per trial of explorations and searches, in the order of their numbers.

    `score` is the mean of the objective over seeds, missing where none finished.
    """
    phases, runs = contents.facts.phases, contents.runs
    kinds = {
        name: phase.design == SEARCH for name, phase in phases.items() if phase.design in SEARCHES
    }
    some = runs[runs["phase"].isin(kinds)]
    objective = contents.facts.objective
    scores = some[objective] if objective in some else pd.Series(np.nan, index=some.index)
    some = some.assign(score=scores.where(some["state"] == "finished"))
    first = some.drop_duplicates(["phase", "trial"]).drop(columns="score")
    means = some.groupby(["phase", "trial"])["score"].mean().reset_index()
    trials = first.merge(means, on=["phase", "trial"]).sort_values("trial", kind="stable")
    return trials.assign(is_adaptive=trials["phase"].map(kinds)).reset_index(drop=True)


def _draw_history(part: SubFigure, trials: pd.DataFrame, label: str) -> None:
    axis: Axes = part.subplots()
    order = trials["order"].to_numpy(dtype=float)
    adaptive = trials["is_adaptive"].astype(bool).to_numpy()
    shown: dict[str, Any] = {}
    for place in order[adaptive]:
        axis.axvspan(place - 0.5, place + 0.5, color=SHADE, lw=0, zorder=0)
    for is_adaptive, name, colour in (
        (False, "designed trial", theme.STYLE["signed"][0]),
        (True, "adaptive trial", theme.STYLE["magnitude"][0]),
    ):
        mine = trials[adaptive == is_adaptive]
        if len(mine):
            (shown[name],) = axis.plot(
                mine["order"], mine["score"], "o", color=colour, ms=2.8, mew=0, label=name
            )
    (line,) = axis.step(order, trials["best"], where="post", color="0", lw=1.1, label="best so far")
    lost = order[trials["score"].isna().to_numpy()]
    if len(lost):
        axis.plot(
            lost,
            np.full(len(lost), 0.03),
            "|",
            color="0",
            ms=6,
            transform=axis.get_xaxis_transform(),
        )
    axis.set(
        xlabel="trial, in the order of the study", ylabel=label, xlim=(0.5, float(order[-1]) + 0.5)
    )
    axis.locator_params(axis="y", nbins=5)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    theme.legend_below(part, [*shown.values(), line])


def _draw_edf(panel: SubFigure, some: pd.DataFrame, label: str) -> None:
    axis: Axes = panel.subplots()
    values = list(dict.fromkeys(some["value"]))
    for (value, is_adaptive), part in some.groupby(["value", "is_adaptive"], sort=False):
        colour, _ = theme.style(str(value), values)
        scores = part["score"].to_numpy(dtype=float)
        axis.step(
            np.r_[scores[0], scores],
            np.r_[0.0, part["share"]],
            where="post",
            color=colour,
            lw=0.8 if is_adaptive else 1.4,
            ls=(0, (3, 1.5)) if is_adaptive else "-",
        )
    axis.set(xlabel=label, ylabel="share of trials", ylim=(0, 1.02))
    axis.locator_params(axis="x", nbins=5)
    theme.legend_below(
        panel,
        [
            theme.mark(
                theme.wrapped(value, 24, lines=1),
                ls="-",
                lw=1.4,
                color=theme.style(value, values)[0],
            )
            for value in values
        ],
    )
