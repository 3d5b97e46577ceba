"""Means over the images that every method has, and ranks of the methods."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ablate.metrics import BETTER, LABELS
from ablate.scoring.scores import Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Mean of one metric of one method.

    Args:
        mean: Over `count` images; None where there is none.
        count: Images with a finite value for every method.
        rank: From 1 (best); ties share their mean rank. None for floors and single methods.
        is_best: Whether no other method has a better mean.
    """

    mean: float | None
    count: int
    rank: float | None = None
    is_best: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One method or floor of the table."""

    method: str
    is_floor: bool
    cells: Mapping[str, Cell]
    mean_rank: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Methods, best mean rank first, then the floors.

    Args:
        names: Metrics, one column each.
        lines: Methods and floors.
        notes: What the means leave out, one line each.
    """

    names: tuple[str, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]


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
    floors = tuple(dict.fromkeys(r.method for r in scores.rows if r.method not in scores.methods))
    means = {
        (method, name): _cell(values.get((method, name), {}), common[name])
        for method in (*scores.methods, *floors)
        for name in scores.names
    }
    if len(scores.methods) > 1:
        means |= _ranked(means, scores)
    lines = [
        _line(method, {name: means[method, name] for name in scores.names}, is_floor=False)
        for method in scores.methods
    ]
    lines.sort(key=lambda line: line.mean_rank or 0)
    lines += [
        _line(floor, {name: means[floor, name] for name in scores.names}, is_floor=True)
        for floor in floors
    ]
    alike: dict[frozenset[str], list[str]] = {}
    for name in scores.names:
        if len(common[name]) < len(images):
            alike.setdefault(frozenset(common[name]), []).append(LABELS[name])
    notes = [
        f"{', '.join(labels)}: means are over {len(some)} of {len(images)} images"
        for some, labels in alike.items()
    ]
    return Table(names=scores.names, lines=tuple(lines), notes=tuple(notes))


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


def _line(method: str, cells: Mapping[str, Cell], *, is_floor: bool) -> Line:
    ranks = [cell.rank for cell in cells.values() if cell.rank is not None]
    return Line(
        method=method,
        is_floor=is_floor,
        cells=cells,
        mean_rank=math.fsum(ranks) / len(ranks) if ranks else None,
    )
