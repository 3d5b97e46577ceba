"""Mean ranks with the groups that are not told apart, and how far seeds spread the scores."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.question import label_of, metric_label
from ablate.metrics.catalogue import is_lower_better
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NO_ANSWERS, NotDrawn, Section
from ablate.report.values import score_table
from ablate.stats.arrays import Floats
from ablate.stats.crossed import crossed_t
from ablate.stats.multiplicity import holm
from ablate.stats.ranks import mean_ranks

COLUMNS = ["question", "kind", "value", "other", "metric", "block", "number", "low", "high"]


@FIGURES.register("ranks")
class Ranks:
    """Critical differences of ranks, and the spread over blocks."""

    section: Section = "answers"
    number = 5
    title = "Ranks and spread over blocks"
    caption = (
        "Left: rank of a value in a block, averaged over the primary metrics (1 is best): small "
        "dots are blocks, large marks their mean with a 95 % interval. A bar at the right joins "
        "values that no paired t over blocks tells apart (Holm over all pairs, at the level of "
        "the question). Right: standard deviation of a value over blocks, per metric, in % of the "
        "mean over all values: what a single run may be off by."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return rows of four kinds: rank of a block, mean rank, p (Holm) of a pair, spread."""
        if not contents.answered:
            return NotDrawn(NO_ANSWERS)
        rows: list[dict[str, Any]] = []
        for question in contents.answered:
            cells = score_table(question)
            values, blocks, scores = _scores(question, cells)
            if len(blocks) < 2:
                continue
            found = [*_of_ranks(values, blocks, mean_ranks(scores)), *_of_spread(cells)]
            rows += [{"question": question.id, **row} for row in found]
        if not rows:
            return NotDrawn("fewer than two blocks have every value in every primary metric")
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return a row per question: ranks, and spread."""
        answered = [q for q in contents.answered if q.id in set(numbers["question"])]
        heights = [
            0.85 + max(0.22 * len(question.values), 0.16 * _metrics(numbers, question))
            for question in answered
        ]
        made, parts = theme.stacked(heights)
        for part, question in zip(parts, answered, strict=True):
            some = numbers[numbers["question"] == question.id]
            design = [label_of(value) for value in question.values]
            left, right = part.subplots(1, 2, width_ratios=[1.15, 1])
            _draw_ranks(left, some, design, alpha=question.alpha)
            _draw_spread(right, some, design)
            if len(answered) > 1:
                theme.heading(part, question.id)
        return made


def groups_of(order: list[str], apart: set[frozenset[str]]) -> list[tuple[int, int]]:
    """Return (first, last) of the longest runs of neighbours in which no pair is told apart.

    Example:
        >>> groups_of(["a", "b", "c"], {frozenset("ac")})
        [(0, 1), (1, 2)]
    """
    found: list[tuple[int, int]] = []
    for first in range(len(order)):
        last = first
        while last + 1 < len(order) and not any(
            frozenset((order[last + 1], name)) in apart for name in order[first : last + 1]
        ):
            last += 1
        if last > first and not (found and found[-1][1] >= last):
            found.append((first, last))
    return found


def _metrics(numbers: pd.DataFrame, question: AnsweredQuestion) -> int:
    mine = numbers[(numbers["question"] == question.id) & (numbers["kind"] == "spread")]
    return int(mine["metric"].nunique())


def _scores(question: AnsweredQuestion, cells: pd.DataFrame) -> tuple[list[str], list[int], Floats]:
    """Return values, blocks and scores [blocks, values, primary metrics], larger is better."""
    metrics = question.primary
    values = [label_of(value) for value in question.values]
    some = cells[cells["metric"].isin(metrics)]
    wide = some.pivot(index="block", columns=["metric", "value"], values="score")
    wide = wide.reindex(columns=[(m, v) for m in metrics for v in values]).dropna()
    scores = wide.to_numpy(dtype=float).reshape(len(wide), len(metrics), len(values))
    signs = [-1.0 if is_lower_better(metric) else 1.0 for metric in metrics]
    signed = scores * np.array(signs)[None, :, None]
    return values, [int(block) for block in wide.index], signed.transpose(0, 2, 1)


def _of_ranks(values: list[str], blocks: list[int], ranks: Floats) -> list[dict[str, Any]]:
    """Return ranks per block, their means, and the corrected p of every pair."""
    rows: list[dict[str, Any]] = []
    for at, value in enumerate(values):
        rows += [
            {"kind": "block", "value": value, "block": block, "number": float(rank)}
            for block, rank in zip(blocks, ranks[:, at], strict=True)
        ]
        t = crossed_t(ranks[:, at][:, None], images="fixed")
        rows.append(
            {
                "kind": "mean",
                "value": value,
                "number": float(t.estimate),
                "low": max(1.0, float(t.low)),
                "high": min(float(len(values)), float(t.high)),
            }
        )
    pairs = list(combinations(range(len(values)), 2))
    tested = [crossed_t((ranks[:, a] - ranks[:, b])[:, None], images="fixed") for a, b in pairs]
    corrected = holm([float(t.p) for t in tested]).tolist() if tested else []
    rows += [
        {"kind": "pair", "value": values[a], "other": values[b], "number": p}
        for (a, b), p in zip(pairs, corrected, strict=True)
    ]
    return rows


def _of_spread(cells: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the standard deviation over blocks in percent of the mean over all values."""
    rows = []
    for metric in dict.fromkeys(cells["metric"]):
        some = cells[cells["metric"] == metric]
        base = some["score"].mean()
        if not base or pd.isna(base):
            continue
        spread = some.groupby("value", sort=False)["score"].std(ddof=1) / abs(base) * 100
        rows += [
            {"kind": "spread", "value": value, "metric": metric, "number": float(number)}
            for value, number in spread.dropna().items()
        ]
    return rows


def _draw_ranks(axis: Axes, some: pd.DataFrame, design: list[str], *, alpha: float) -> None:
    means = {row["value"]: row for row in some[some["kind"] == "mean"].to_dict("records")}
    order = sorted(design, key=lambda value: float(means[value]["number"]))
    for place, value in enumerate(order):
        colour, marker = theme.style(value, design)
        blocks = some.loc[(some["kind"] == "block") & (some["value"] == value), "number"]
        counted = blocks.value_counts().sort_index()
        axis.scatter(
            counted.index,
            np.full(len(counted), place + 0.2),
            s=5 * counted,
            color=colour,
            alpha=0.45,
            lw=0,
            clip_on=False,
        )
        mean = means[value]
        axis.plot(
            [mean["low"], mean["high"]], [place - 0.1] * 2, color=colour, lw=1.3, clip_on=False
        )
        axis.plot(mean["number"], place - 0.1, marker, color=colour, ms=5, clip_on=False)
    pairs = some[some["kind"] == "pair"].to_dict("records")
    apart = {frozenset((str(p["value"]), str(p["other"]))) for p in pairs if p["number"] < alpha}
    for index, (first, last) in enumerate(groups_of(order, apart)):
        axis.plot(
            [1.03 + 0.025 * (index % 4)] * 2,
            [first - 0.25, last + 0.25],
            color="0",
            lw=2,
            transform=axis.get_yaxis_transform(),
            clip_on=False,
            solid_capstyle="butt",
        )
    axis.set(
        ylim=(len(order) - 0.5, -0.5), yticks=range(len(order)), xlabel="mean rank (1 is best)"
    )
    axis.set(xlim=(0.9, len(order) + 0.1), xticks=range(1, len(order) + 1))
    axis.set_yticklabels([theme.wrapped(value, 22, lines=1) for value in order])
    axis.tick_params(axis="y", length=0)


def _draw_spread(axis: Axes, some: pd.DataFrame, design: list[str]) -> None:
    spread = some[some["kind"] == "spread"]
    metrics = list(dict.fromkeys(spread["metric"]))
    for place, metric in enumerate(metrics):
        mine = spread[spread["metric"] == metric].set_index("value")["number"]
        axis.axhline(place, color=theme.BAND, lw=0.6, zorder=0)
        for at, value in enumerate(design):
            if value in mine.index:
                colour, marker = theme.style(value, design)
                shift = (at - (len(design) - 1) / 2) * 0.5 / max(len(design) - 1, 1)
                axis.plot(mine[value], place + shift, marker, color=colour, ms=3.5)
    axis.set(ylim=(len(metrics) - 0.4, -0.6), yticks=range(len(metrics)))
    axis.set_yticklabels([metric_label(metric) for metric in metrics])
    axis.set(xlabel="standard deviation over blocks, %")
    axis.set_xlim(left=0)
    axis.locator_params(axis="x", nbins=5)
    axis.tick_params(axis="y", length=0)
