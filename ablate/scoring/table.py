"""Means over the images that every method has, and ranks of the methods."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ablate.metrics import BETTER, LABELS
from ablate.metrics.copies import Gamed, gamed_by_copies
from ablate.scoring.scores import Scores
from ablate.training.trivial_baselines import COPIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Mean of one metric of one method.

    Args:
        mean: Over `count` images; None where there is none.
        count: Images with a finite value for every method.
        rank: From 1 (best); ties share their mean rank. None for trivial baselines and
            single methods.
        is_best: Whether no other method has a better mean.
    """

    mean: float | None
    count: int
    rank: float | None = None
    is_best: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One method or trivial baseline of the table."""

    method: str
    is_trivial: bool
    cells: Mapping[str, Cell]
    mean_rank: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Methods, best mean rank first, then the trivial baselines.

    Args:
        names: Metrics, one column each.
        lines: Methods and trivial baselines.
        notes: What the means leave out, one line each.
        gamed: Metrics in which a copy of a source beats every method.
    """

    names: tuple[str, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    gamed: Mapping[str, Gamed]


def tabulate(scores: Scores) -> Table:
    """Return the table of means.

    An image whose value is missing or not finite for one method is left out of that metric for
    all of them, so that every mean of a column is over the same images. A method without a single
    finite value has no mean in that column, and then nobody has a rank there.
    """
    values: dict[tuple[str, str], dict[str, float]] = {}
    for row in scores.rows:
        found = values.setdefault((row.method, row.metric), {})
        if math.isfinite(row.value):
            found[row.image] = row.value
    images = {row.image for row in scores.rows if row.method in scores.methods}
    common = {name: _common(values, scores, name) for name in scores.names}
    trivial = tuple(dict.fromkeys(r.method for r in scores.rows if r.method not in scores.methods))
    means = {
        (method, name): _cell(values.get((method, name), {}), common[name])
        for method in (*scores.methods, *trivial)
        for name in scores.names
    }
    if len(scores.methods) > 1:
        means |= _ranked(means, scores)
    lines = [
        _line(method, {name: means[method, name] for name in scores.names}, is_trivial=False)
        for method in scores.methods
    ]
    lines.sort(key=lambda line: line.mean_rank or 0)
    lines += [
        _line(baseline, {name: means[baseline, name] for name in scores.names}, is_trivial=True)
        for baseline in trivial
    ]
    alike: dict[frozenset[str], list[str]] = {}
    for name in scores.names:
        if len(common[name]) < len(images):
            alike.setdefault(frozenset(common[name]), []).append(LABELS[name])
    notes = [
        f"{', '.join(labels)}: means are over {len(some)} of {len(images)} images"
        for some, labels in alike.items()
    ]
    return Table(
        names=scores.names, lines=tuple(lines), notes=tuple(notes), gamed=_gamed(means, scores)
    )


def _gamed(means: Mapping[tuple[str, str], Cell], scores: Scores) -> dict[str, Gamed]:
    """Return the metrics in which a copy beats every method, over the images of the column."""

    def of(method: str, name: str) -> float:
        cell = means.get((method, name))
        most = max(means[other, name].count for other in scores.methods)
        if cell is None or cell.mean is None or cell.count < most:
            return math.nan
        return cell.mean

    others = {name: [of(method, name) for method in scores.methods] for name in scores.names}
    return gamed_by_copies(
        others, {copy: {name: of(copy, name) for name in scores.names} for copy in COPIES}
    )


def _common(
    values: Mapping[tuple[str, str], Mapping[str, float]], scores: Scores, name: str
) -> set[str]:
    """Return the images with a finite value for every method that has any."""
    some = [set(found) for method in scores.methods if (found := values.get((method, name), {}))]
    return set.intersection(*some) if some else set()


def _cell(values: Mapping[str, float], images: set[str]) -> Cell:
    some = [value for image, value in values.items() if image in images]
    return Cell(mean=math.fsum(some) / len(some) if some else None, count=len(some))


def _ranked(means: Mapping[tuple[str, str], Cell], scores: Scores) -> dict[tuple[str, str], Cell]:
    from scipy.stats import rankdata

    found: dict[tuple[str, str], Cell] = {}
    for name in scores.names:
        cells = [means[method, name] for method in scores.methods]
        column = [cell.mean for cell in cells if cell.mean is not None]
        if len(column) < len(cells):
            continue
        ranks = rankdata(np.array(column) * (-1 if BETTER[name] == "higher" else 1))
        for method, cell, rank in zip(scores.methods, cells, ranks, strict=True):
            found[method, name] = Cell(
                mean=cell.mean, count=cell.count, rank=float(rank), is_best=rank == ranks.min()
            )
    return found


def _line(method: str, cells: Mapping[str, Cell], *, is_trivial: bool) -> Line:
    ranks = [cell.rank for cell in cells.values() if cell.rank is not None]
    return Line(
        method=method,
        is_trivial=is_trivial,
        cells=cells,
        mean_rank=math.fsum(ranks) / len(ranks) if ranks else None,
    )
