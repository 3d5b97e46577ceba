"""The objective of every trial at its rungs, and where trials were stopped."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ablate.analysis.searched import best_first
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, Section
from ablate.report.searched import NO_SCORE, seen

ONE_REPORT = "every trial was scored once, at its end; `rungs` of a search name earlier steps"
COLUMNS = ["kind", "trial", "run_id", "step", "score", "is_stopped", "is_best", "trials"]


@FIGURES.register("rungs")
class Rungs:
    """A line per run over its reports, and how many trials came as far as each step."""

    section: Section = "search"
    number = 5
    title = "Rungs"
    caption = (
        "Exploratory, no claim. Val score of every trial at the steps at which it reported, those "
        "that were stopped too: they end in a cross. Thick: the best trial. Above: how many trials "
        "came so far."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return rows of two kinds: report (of a run), and reached (trials per step)."""
        found = seen(contents)
        if isinstance(found, NotDrawn):
            return found
        trials, objective = found[0], contents.facts.objective
        runs = contents.runs.merge(trials[["phase", "trial"]], on=["phase", "trial"])
        reports = contents.curves[contents.curves["key"] == objective]
        reports = reports.drop_duplicates(["run_id", "step"], keep="last")
        reports = runs[["run_id", "phase", "trial", "state"]].merge(reports, on="run_id")
        if reports.empty:
            return NotDrawn(NO_SCORE)
        if reports.groupby("run_id").size().max() < 2:
            return NotDrawn(ONE_REPORT)
        best = best_first(trials, objective).iloc[0]
        is_best = (reports["phase"] == best["phase"]) & (reports["trial"] == best["trial"])
        lines = reports.assign(
            kind="report",
            score=reports["value"],
            is_stopped=reports["state"] == "pruned",
            is_best=is_best,
        )
        counts = reports.groupby("step")[["phase", "trial"]].apply(
            lambda some: len(some.drop_duplicates())
        )
        reached = pd.DataFrame({"step": counts.index, "trials": counts.to_numpy()})
        both = pd.concat([lines, reached.assign(kind="reached")], ignore_index=True)
        return both.sort_values(["kind", "trial", "run_id", "step"], kind="stable")[COLUMNS]

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return the panel with the numbers of trials above it."""
        made, (axis,) = theme.figure(rows=1, columns=1, height_in=2.6)
        reports, reached = (numbers[numbers["kind"] == kind] for kind in ("report", "reached"))
        ends: list[Any] = []
        for _, mine in reports.groupby("run_id", sort=False):
            is_best, is_stopped = bool(mine["is_best"].iloc[0]), bool(mine["is_stopped"].iloc[0])
            axis.plot(
                mine["step"].astype(float),
                mine["score"].astype(float),
                color="0" if is_best else theme.FAINT if is_stopped else theme.TRIALS[False][1],
                lw=1.8 if is_best else 0.8,
                alpha=1.0 if is_best else 0.8,
                marker="o",
                ms=2.5,
                mew=0,
                zorder=3 if is_best else 2,
            )
            ends += [mine.iloc[-1]] if is_stopped else []
        if ends:
            axis.plot(
                [float(one["step"]) for one in ends],
                [float(one["score"]) for one in ends],
                "x",
                color=theme.STYLE["magnitude"][0],
                ms=5,
                mew=1.2,
                zorder=4,
            )
        steps = reached["step"].to_numpy(dtype=float)
        shown = _apart(steps)
        for step, count in zip(steps[shown], reached["trials"].to_numpy()[shown], strict=True):
            axis.axvline(step, color=theme.BAND, lw=0.8, zorder=0)
            axis.annotate(
                f"{int(count)}",
                (step, 1.0),
                (0, 2),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=7,
            )
        axis.set(xlabel="step", ylabel=theme.scored(contents.facts.objective))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        theme.legend_below(
            made,
            [
                theme.mark("finished", ls="-", lw=0.8, color=theme.TRIALS[False][1]),
                theme.mark("stopped", ls="-", lw=0.8, color=theme.FAINT),
                theme.mark("stopped here", marker="x", color=theme.STYLE["magnitude"][0], ms=5),
                theme.mark("best trial", ls="-", lw=1.8, color="0"),
            ],
        )
        return made


def _apart(steps: Any) -> list[int]:
    """Return which steps have room for a number above them, the last one always."""
    room = 0.045 * float(np.ptp(steps) or 1.0)
    kept: list[int] = [len(steps) - 1]
    for at in range(len(steps) - 2, -1, -1):
        if steps[kept[0]] - steps[at] >= room:
            kept.insert(0, at)
    return kept
