"""The scores over the two dimensions that explain most of them: contours, or a heat map."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation

from ablate.analysis.dimensions import Varied
from ablate.analysis.searched import best_first
from ablate.metrics.catalogue import is_lower_better
from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.dots import behind
from ablate.report.figures import FIGURES, NotDrawn, Section
from ablate.report.searched import by_importance, seen

PARTS = 4  # that a range is cut into beside names
LEVELS = 9
COLUMNS = [
    "kind",
    "first",
    "second",
    "x",
    "y",
    "score",
    "trials",
    "trial",
    "run_id",
    "is_best",
]


@FIGURES.register("contour")
class Contour:
    """Contours between the trials where both dimensions are ranges, else means of cells."""

    section: Section = "search"
    number = 4
    title = "The two most important dimensions"
    caption = (
        "Exploratory, no claim. Of the two dimensions that explain most: colours run straight "
        "between the val scores of neighbouring trials (dots; star: the best), whatever the "
        "other settings were; nothing is fitted, and no trial with a score lies outside. Where one "
        "has names, a cell is the mean of its trials, their number in brackets."
    )

    def numbers(self, contents: Contents) -> pd.DataFrame | NotDrawn:
        """Return one row per trial; where one dimension has names, one per cell."""
        found = seen(contents)
        if isinstance(found, NotDrawn):
            return found
        trials, dimensions = found
        if len(dimensions) < 2:
            return NotDrawn("fewer than two settings varied")
        trials = trials.dropna(subset=["score"])
        first, second = by_importance(trials, dimensions)[:2]
        both = trials.dropna(subset=[first.column, second.column])
        if both.empty:
            return NotDrawn(f"{first.name} and {second.name} were never active together")
        best = best_first(both, contents.facts.objective)["run_id"].iloc[0]
        about = {"first": first.name, "second": second.name}
        if first.choices or second.choices:
            cells = both.assign(x=_cells(first, both), y=_cells(second, both))
            by = cells.groupby(["x", "y"], sort=False)["score"].agg(["mean", "count"])
            rows: list[dict[str, Any]] = [
                {**about, "kind": "cell", "x": x, "y": y, "score": mean, "trials": count}
                for (x, y), mean, count in by.itertuples(name=None)
            ]
        else:
            rows = [
                {
                    **about,
                    "kind": "trial",
                    "x": float(row[first.column]),
                    "y": float(row[second.column]),
                    "score": row["score"],
                    "trials": 1,
                    "trial": row["trial"],
                    "run_id": row["run_id"],
                    "is_best": row["run_id"] == best,
                }
                for row in both.to_dict("records")
            ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def draw(self, contents: Contents, numbers: pd.DataFrame) -> Figure:
        """Return one panel with its colour bar; the better, the lighter."""
        found = seen(contents)
        assert not isinstance(found, NotDrawn)
        named = {one.name: one for one in found[1]}
        first, second = (named[numbers[end].iloc[0]] for end in ("first", "second"))
        made, (axis,) = theme.figure(rows=1, columns=1, height_in=3.0)
        scores = numbers["score"].to_numpy(dtype=float)
        colours = "viridis_r" if is_lower_better(contents.facts.objective) else "viridis"
        shades = ScalarMappable(Normalize(float(scores.min()), float(scores.max())), colours)
        if (numbers["kind"] == "cell").all():
            _draw_cells(axis, numbers, first, second, shades)
        else:
            _draw_between(axis, numbers, first, second, shades)
        axis.set(xlabel=theme.wrapped(first.name, 40), ylabel=theme.wrapped(second.name, 30))
        bar = made.colorbar(shades, ax=axis, fraction=0.05, pad=0.02)
        bar.set_label(theme.scored(contents.facts.objective))
        bar.outline.set_linewidth(0.4)
        return made


def _edges(one: Varied) -> list[float]:
    """Ends of the equal parts of a range, on its own scale."""
    if one.is_log:
        return [float(x) for x in np.geomspace(one.low, one.high, PARTS + 1)]
    return [float(x) for x in np.linspace(one.low, one.high, PARTS + 1)]


def _labels(one: Varied) -> list[str]:
    if one.choices:
        return list(one.choices)
    ends = _edges(one)
    return [f"{low:.3g} to {high:.3g}" for low, high in pairwise(ends)]


def _cells(one: Varied, trials: pd.DataFrame) -> list[str]:
    """The cell of each trial along one dimension, by its name."""
    if one.choices:
        return [str(value) for value in trials[one.column]]
    inner = _edges(one)[1:-1]
    labels = _labels(one)
    return [labels[at] for at in np.searchsorted(inner, trials[one.column].astype(float))]


def _draw_cells(
    axis: Axes, numbers: pd.DataFrame, first: Varied, second: Varied, shades: ScalarMappable
) -> None:
    columns, rows = _labels(first), _labels(second)[::-1]
    score, count = (
        numbers.pivot(index="y", columns="x", values=name).reindex(index=rows, columns=columns)
        for name in ("score", "trials")
    )
    texts = [
        [
            "" if pd.isna(mean) else f"{mean:.3f} ({int(some)})"
            for mean, some in zip(*line, strict=True)
        ]
        for line in zip(score.to_numpy(), count.to_numpy(), strict=True)
    ]
    sns.heatmap(
        score.astype(float),
        ax=axis,
        annot=np.array(texts),
        fmt="",
        cmap=shades.cmap,
        norm=shades.norm,
        cbar=False,
        linewidths=1.0,
        annot_kws={"fontsize": 7},
    )
    axis.set_xticklabels([theme.wrapped(text, 14) for text in columns], rotation=0)
    axis.set_yticklabels([theme.wrapped(text, 14) for text in rows], rotation=0)
    axis.tick_params(length=0)


def _draw_between(
    axis: Axes, numbers: pd.DataFrame, first: Varied, second: Varied, shades: ScalarMappable
) -> None:
    x, y, scores = (numbers[name].to_numpy(dtype=float) for name in ("x", "y", "score"))
    mesh = _between(first.positions(x.tolist())[:, 0], second.positions(y.tolist())[:, 0])
    if mesh is not None and np.ptp(scores) > 0:
        axis.tricontourf(
            Triangulation(x, y, mesh),
            scores,
            levels=LEVELS,
            cmap=shades.cmap,
            norm=shades.norm,
            alpha=0.75,
        )
    dots = axis.scatter(x, y, c=shades.to_rgba(scores), s=18, lw=0.5, edgecolors="0.1", zorder=3)
    behind(dots, numbers["run_id"])
    best = numbers["is_best"].astype(bool).to_numpy()
    axis.plot(x[best], y[best], "*", ms=10, mew=0.6, mec="0", mfc="1", zorder=4)
    theme.ranged(axis, "x", low=first.low, high=first.high, is_log=first.is_log)
    theme.ranged(axis, "y", low=second.low, high=second.high, is_log=second.is_log)


def _between(x: Any, y: Any) -> Any | None:
    """Triangles between points; None where all lie on a line."""
    spread = np.column_stack([x - x.mean(), y - y.mean()])
    if len(np.unique(spread.round(9), axis=0)) < 3 or np.linalg.matrix_rank(spread, tol=1e-6) < 2:
        return None
    return Triangulation(x, y).triangles
