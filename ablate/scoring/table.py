"""Means over the images that every method has, ranks of the methods, and both as tables."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ablate.metrics import BETTER, LABELS
from ablate.metrics.copies import Gamed, gamed_by_copies, sentence
from ablate.scoring.scores import Scores
from ablate.tables import NONE, Cell, Table, table, to_latex, to_text

WIDTH: Final = 80  # of a terminal
MEAN, RANK = 10, 8  # columns of a number there
NAME: Final = WIDTH - 6 * MEAN  # six metrics fit beside a name
ARROWS: Final = ("↑", "↓")
MARK: Final = "†"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """Mean of one metric of one method.

    Args:
        mean: Over `count` images; None where there is none.
        sd: Standard deviation over them (n - 1); None below two.
        count: Images with a finite value for every method.
        rank: From 1 (best); ties share their mean rank. None for trivial baselines and
            single methods.
        is_best: Whether no other method has a better mean.
    """

    mean: float | None
    sd: float | None = None
    count: int
    rank: float | None = None
    is_best: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One method or trivial baseline of the table."""

    method: str
    is_trivial: bool
    cells: Mapping[str, Mean]
    mean_rank: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
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


def tabulate(scores: Scores) -> Ranking:
    """Means of every method, and their ranks.

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
    common = common_images(scores)
    trivial = tuple(dict.fromkeys(r.method for r in scores.rows if r.method not in scores.methods))
    means = {
        (method, name): _mean(values.get((method, name), {}), common[name])
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
    return Ranking(
        names=scores.names, lines=tuple(lines), notes=tuple(notes), gamed=_gamed(means, scores)
    )


def _gamed(means: Mapping[tuple[str, str], Mean], scores: Scores) -> dict[str, Gamed]:
    """Return the metrics in which a copy beats every method, over the images of the column."""

    def of(method: str, name: str) -> float:
        cell = means.get((method, name))
        most = max(means[other, name].count for other in scores.methods)
        if cell is None or cell.mean is None or cell.count < most:
            return math.nan
        return cell.mean

    others = {name: [of(method, name) for method in scores.methods] for name in scores.names}
    return gamed_by_copies(
        others, {copy: {name: of(copy, name) for name in scores.names} for copy in scores.copies}
    )


def common_images(scores: Scores) -> dict[str, set[str]]:
    """Return metric -> the images with a finite value for every method that has any."""
    there: dict[str, dict[str, set[str]]] = {name: {} for name in scores.names}
    for row in scores.rows:
        if row.method in scores.methods and math.isfinite(row.value):
            there[row.metric].setdefault(row.method, set()).add(row.image)
    return {
        name: set.intersection(*of_method.values()) if of_method else set()
        for name, of_method in there.items()
    }


def _mean(values: Mapping[str, float], images: set[str]) -> Mean:
    some = [value for image, value in values.items() if image in images]
    return Mean(
        mean=math.fsum(some) / len(some) if some else None,
        sd=statistics.stdev(some) if len(some) > 1 else None,
        count=len(some),
    )


def _ranked(means: Mapping[tuple[str, str], Mean], scores: Scores) -> dict[tuple[str, str], Mean]:
    from scipy.stats import rankdata

    found: dict[tuple[str, str], Mean] = {}
    for name in scores.names:
        cells = [means[method, name] for method in scores.methods]
        column = [cell.mean for cell in cells if cell.mean is not None]
        if len(column) < len(cells):
            continue
        ranks = rankdata(np.array(column) * (-1 if BETTER[name] == "higher" else 1))
        for method, cell, rank in zip(scores.methods, cells, ranks, strict=True):
            found[method, name] = replace(cell, rank=float(rank), is_best=rank == ranks.min())
    return found


def _line(method: str, cells: Mapping[str, Mean], *, is_trivial: bool) -> Line:
    ranks = [cell.rank for cell in cells.values() if cell.rank is not None]
    return Line(
        method=method,
        is_trivial=is_trivial,
        cells=cells,
        mean_rank=math.fsum(ranks) / len(ranks) if ranks else None,
    )


def means_table(
    ranking: Ranking,
    *,
    arrows: tuple[str, str] = ARROWS,
    mark: str = MARK,
    missing: str = NONE,
    has_ranks: bool = True,
    has_sd: bool = False,
) -> Table:
    """The means, with the best method of each metric bold and trivial baselines as asides.

    Args:
        ranking: Means and ranks.
        arrows: Signs for "higher is better" and "lower is better".
        mark: Sign of a metric that is gamed by a copy.
        missing: In the place of a mean that does not exist.
        has_ranks: Whether the mean rank is the last column, where there are several methods.
        has_sd: Whether the standard deviation over images stands behind each mean.
    """
    lowest = min((line.mean_rank for line in ranking.lines if line.mean_rank), default=None)
    has_ranks = has_ranks and lowest is not None
    rows: list[list[Cell | str]] = []
    for line in ranking.lines:
        cells = [line.cells[name] for name in ranking.names]
        row: list[Cell | str] = [Cell(text=line.method, is_aside=line.is_trivial)]
        row += [
            Cell(text=_text(cell, missing, has_sd=has_sd), is_bold=cell.is_best) for cell in cells
        ]
        if has_ranks:
            rank = line.mean_rank
            text = missing if rank is None else f"{rank:.2f}"
            row.append(Cell(text=text, is_bold=rank is not None and rank == lowest))
        rows.append(row)
    heads = [
        f"{LABELS[name]} {arrows[BETTER[name] == 'lower']}{mark if name in ranking.gamed else ''}"
        for name in ranking.names
    ]
    trivial = [place for place, line in enumerate(ranking.lines) if line.is_trivial]
    return table(["method", *heads, *(["mean rank"] if has_ranks else [])], rows, rules=trivial[:1])


def _text(cell: Mean, missing: str, *, has_sd: bool) -> str:
    if cell.mean is None:
        return missing
    return f"{number(cell.mean)} ± {number(cell.sd)}" if has_sd and cell.sd else number(cell.mean)


def spread_table(ranking: Ranking) -> Table:
    """The standard deviation over images of every method and metric."""
    rows: list[list[Cell | str]] = []
    for line in ranking.lines:
        spreads = [line.cells[name].sd for name in ranking.names]
        cells = ["-" if sd is None else number(sd) for sd in spreads]
        rows.append([Cell(text=line.method, is_aside=line.is_trivial), *cells])
    return table(["sd", *(LABELS[name] for name in ranking.names)], rows)


def ranks_table(ranking: Ranking) -> Table:
    """The ranks of the methods per metric, and their mean; no rows for a single method."""
    rows = []
    for line in ranking.lines:
        if line.mean_rank is not None:
            ranks = [line.cells[name].rank for name in ranking.names]
            cells = ["-" if rank is None else f"{rank:g}" for rank in ranks]
            rows.append([line.method, *cells, f"{line.mean_rank:.2f}"])
    return table(["rank", *(LABELS[name] for name in ranking.names), "mean"], rows)


def latex(ranking: Ranking, *, comment: str) -> str:
    """The means as LaTeX, for the package booktabs.

    Args:
        ranking: Means and ranks.
        comment: One line above it: protocol, hash, number of images.
    """
    dagger = f"dagger: {sentence(ranking.gamed, others='method')}" if ranking.gamed else ""
    return to_latex(means_table(ranking, has_sd=True), comments=[comment, dagger])


def terminal(ranking: Ranking, *, arrows: tuple[str, str] = ARROWS, mark: str = MARK) -> str:
    """The means as a terminal shows them, `*` at the best of each metric, below it sd and ranks.

    Ranks are there for several methods only. Trivial baselines are in brackets and have none.

    Args:
        ranking: Means and ranks.
        arrows: Signs for "higher is better" and "lower is better".
        mark: Sign of a metric that is gamed by a copy.
    """
    means = means_table(ranking, arrows=arrows, mark=mark, missing="-", has_ranks=False)
    first = max(len("method"), *(len(line.method) + 2 * line.is_trivial for line in ranking.lines))
    shown = {line.method[: NAME - 2] for line in ranking.lines}
    first = min(NAME if len(shown) == len(ranking.lines) else WIDTH - MEAN, first)
    parts = [to_text(means, width=WIDTH, first=first, column=MEAN, bold="*")]
    if any(cell.sd is not None for line in ranking.lines for cell in line.cells.values()):
        parts.append(to_text(spread_table(ranking), width=WIDTH, first=first, column=MEAN))
    ranks = ranks_table(ranking)
    if ranks.rows:
        parts.append(to_text(ranks, width=WIDTH, first=first, column=RANK))
    return "\n\n".join(parts)


def number(mean: float) -> str:
    """A mean with four decimals, two from 100 on.

    Example:
        >>> number(0.61194), number(2553.458)
        ('0.6119', '2553.46')
    """
    return f"{mean:.4f}" if abs(mean) < 100 else f"{mean:.2f}"
