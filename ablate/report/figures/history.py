"""What exploration and search saw, in their order: scores, the best so far, and EDF per value."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from ablate.analysis.effects import near
from ablate.analysis.question import label_of, metric_label
from ablate.analysis.searched import searched_trials, with_reports
from ablate.metrics.catalogue import is_lower_better
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section
from ablate.report.searched import NO_SCORE, NO_SEARCH

COLUMNS = [
    "kind",
    "objective",
    "phase",
    "is_adaptive",
    "trial",
    "order",
    "score",
    "best",
    "reported",
    "question",
    "value",
    "share",
]
SHADE = "0.94"


@FIGURES.register("history")
class History:
    """Scores in the order of the trials, and their distribution per compared value."""

    section: Section = "search"
    number = 1
    title = "Search history"
    caption = (
        "Exploratory, no claim. Val score of every trial in order (rings: stopped early, last "
        "report; ticks at the foot: no healthy score) and the best so far; shaded: adaptive. "
        "Below, if any question: share of its trials that score at most x, adaptive ones dashed."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return rows of two kinds: trial (per objective, with the best so far), and edf."""
        facts = contents.facts
        trials = searched_trials(facts, contents.runs)
        if trials.empty:
            return NotDrawn(NO_SEARCH)
        if not trials["score"].notna().any():
            return NotDrawn(NO_SCORE)
        rows: list[dict[Any, Any]] = []
        for objective in facts.objectives or (facts.objective,):
            mine = searched_trials(facts, contents.runs, objective=objective)
            mine = with_reports(mine, contents.curves, objective)
            best = mine["score"].cummin() if is_lower_better(objective) else mine["score"].cummax()
            table = mine.assign(
                kind="trial",
                objective=objective,
                best=best.ffill(),
                order=mine["trial"],
            )
            rows += table.reindex(columns=COLUMNS).to_dict("records")
        for question in facts.questions:
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
        """Return a history per objective, and a panel per question below."""
        label = f"val {metric_label(contents.facts.selecting)}"
        trials, edf = (numbers[numbers["kind"] == kind] for kind in ("trial", "edf"))
        objectives = list(dict.fromkeys(trials["objective"]))
        questions = list(dict.fromkeys(edf["question"]))
        columns = min(2, max(1, len(questions)))
        below = -(-len(questions) // columns)
        heights = [1.9] * len(objectives) + ([2.3] * below if questions else [])
        made, parts = theme.stacked(heights)
        for part, objective in zip(parts, objectives, strict=False):
            _draw_history(part, trials[trials["objective"] == objective], theme.scored(objective))
        for row, part in enumerate(parts[len(objectives) :]):
            some = questions[row * columns : (row + 1) * columns]
            for panel, question in zip(
                part.subfigures(1, columns, squeeze=False).flat, some, strict=False
            ):
                _draw_edf(panel, edf[edf["question"] == question], label)
                theme.heading(panel, question)
        return made


def _draw_history(part: SubFigure, trials: pd.DataFrame, label: str) -> None:
    axis: Axes = part.subplots()
    order = trials["order"].to_numpy(dtype=float)
    adaptive = trials["is_adaptive"].astype(bool).to_numpy()
    shown: dict[str, Any] = {}
    for place in order[adaptive]:
        axis.axvspan(place - 0.5, place + 0.5, color=SHADE, lw=0, zorder=0)
    size = 3.6 if len(order) <= 60 else 2.8
    for is_adaptive, (name, colour) in theme.TRIALS.items():
        mine = trials[adaptive == is_adaptive]
        if len(mine):
            (shown[name],) = axis.plot(
                mine["order"], mine["score"], "o", color=colour, ms=size, mew=0, label=name
            )
    stopped = trials[trials["reported"].notna()]
    if len(stopped):
        (shown["stopped"],) = axis.plot(
            stopped["order"],
            stopped["reported"],
            "o",
            mfc="none",
            mec=theme.GREY,
            ms=size,
            mew=0.7,
            label="stopped early, last report",
        )
    (line,) = axis.step(order, trials["best"], where="post", color="0", lw=1.1, label="best so far")
    lost = order[(trials["score"].isna() & trials["reported"].isna()).to_numpy()]
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
    axis.margins(y=0.08)
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
