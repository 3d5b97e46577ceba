"""A synthesis as tables and lines: per question, for a terminal, a page and programs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, get_args

import pandas as pd

from ablate.analysis.synthesis import (
    SHARED,
    Cell,
    Synthesized,
    SynthesizedStudies,
    Trained,
    trains_none,
)
from ablate.report.values import metric_of
from ablate.stats.synthesis import Word
from ablate.tables import NONE, Table, number, table
from ablate.tables import Cell as TableCell

WIDTH: Final = 80
NAME: Final = 19  # letters of a contrast on a terminal
SHORT: Final = {"one cell: nothing to synthesize": "one cell"}
FOUND: Final = (
    "cells",
    "mean",
    "low",
    "high",
    "p_gain",
    "p_loss",
    "next_gain",
    "next_loss",
    "next_low",
    "next_high",
    "spread",
    "i2",
)  # columns of synthesis.csv that a row of all cells has
CELL: Final = (
    "where",
    "study",
    "network",
    "data",
    "budget",
    "blocks",
    "effect",
    "se",
    "df",
    "left_out",
)  # those that a row of a cell has
WORDS: Final[tuple[Word, ...]] = get_args(Word)
DECIDED: Final = ("gain", "loss", "does not generalise")
LEGEND: Final = (
    "Effects are the mean over cells (data set, network, budget) in % of the tuned baseline, "
    "larger is better, with a 95 % interval; behind a metric stands from where on they matter. "
    "P(+): chance that this mean is a gain that matters. Next: chance in % that one further cell "
    "shows a gain, a loss, or neither. I2: share of the variance of the estimates that lies "
    "between cells."
)


@dataclass(frozen=True, kw_only=True)
class Group:
    """The contrasts of one question, of networks or of the probe."""

    id: str
    asks: str
    trained: Trained
    contrasts: tuple[Synthesized, ...]

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics, in their order."""
        return tuple(dict.fromkeys(one.metric for one in self.contrasts))

    @cached_property
    def by_contrast(self) -> dict[str, list[Synthesized]]:
        """Contrast with its values -> one per metric."""
        found: dict[str, list[Synthesized]] = {}
        for one in self.contrasts:
            found.setdefault(one.named, []).append(one)
        return found

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of the contrast that has most."""
        return max((one.cells for one in self.contrasts), key=len)


def groups_of(found: SynthesizedStudies) -> tuple[Group, ...]:
    """The contrasts by question, in their order, those of networks first."""
    members: dict[tuple[str, Trained], list[Synthesized]] = {}
    for one in sorted(found.contrasts, key=lambda one: one.trained):
        members.setdefault((one.question, one.trained), []).append(one)
    return tuple(
        Group(id=name, asks=some[0].asks, trained=trained, contrasts=tuple(some))
        for (name, trained), some in members.items()
    )


def cell_names(cells: Sequence[Cell]) -> list[str]:
    """Each cell by what it has not in common with all others; two of one name by their places."""
    shared = set.intersection(*(set(_facts(cell)) for cell in cells))
    names = [
        ", ".join(fact for fact in _facts(cell) if fact not in shared) or cell.data
        for cell in cells
    ]
    counts = Counter(names)
    return [
        f"{name}, {cell.where}" if counts[name] > 1 else name
        for name, cell in zip(names, cells, strict=True)
    ]


def common(cells: Sequence[Cell]) -> str:
    """What all cells have in common of data, network and budget."""
    shared = set.intersection(*(set(_facts(cell)) for cell in cells))
    names = [fact for fact in dict.fromkeys(_facts(cells[0])) if fact in shared]
    return ", ".join(names if len(cells) > 1 else names[1:])


def effect(one: Synthesized) -> str:
    """The mean effect with its interval, of a single cell that one's.

    Example: "+7.4 (-5.1 to +21.8)", digits as the interval allows.
    """
    if one.found is not None:
        return _with_interval(one.found.mean, (one.found.low, one.found.high))
    if one.counted:
        return _with_interval(one.counted[0].effect, one.counted[0].interval)
    return NONE


def lines(found: SynthesizedStudies) -> Iterator[str]:
    """Yield what a terminal of 80 columns shows: a table per question, what limits it below."""
    for group in groups_of(found):
        yield f"{group.id}: {group.asks}"
        names = cell_names(group.cells)
        cells = f"{len(names)} cells" if len(names) > 1 else "1 cell"
        yield f"  {group.trained}, {cells}: {'; '.join(names)}"
        if shared := common(group.cells):
            yield f"  all of them: {shared}"
        yield from _aligned(
            [
                _terminal_table(name, [one for one in group.contrasts if one.metric == name])
                for name in group.metrics
            ]
        )
        yield from (f"  ! {text}" for text in limits(group))
        yield ""
    yield from found.remarks
    yield LEGEND


def limits(group: Group) -> Iterator[str]:
    """Yield what limits the cells of a group, one sentence each."""
    cells = [cell for one in group.contrasts for cell in one.cells]
    sharing = {cell.where for cell in cells if SHARED in cell.marks}
    if sharing:
        yield (
            f"{len(sharing)} studies share tuning points and seeds: they are less independent than "
            "the model takes them to be"
        )
    studies, data = ({getattr(cell, name) for cell in cells} for name in ("where", "data"))
    if 1 < len(studies) > len(data):
        yield (
            f"{len(studies)} studies stand on {len(data)} data set{'s' if len(data) > 1 else ''}: "
            "where effects differ between data sets, words are surer than they should be"
        )
    marks = {cell.where: dict[str, None]() for cell in cells}
    for cell in cells:
        marks[cell.where] |= dict.fromkeys(mark for mark in cell.marks if mark != SHARED)
    for where, several in marks.items():
        unhealthy = [mark for mark in several if mark.startswith("unhealthy")]
        shares = dict.fromkeys(
            part for mark in unhealthy for part in mark.partition(": ")[2].split(", ")
        )
        if shares:
            yield f"{where}: unhealthy trainings: {', '.join(shares)}"
        yield from (f"{where}: {mark}" for mark in several if mark not in unhealthy)
    out = dict.fromkeys(
        f"{cell.where}: left out, {cell.left_out}" for cell in cells if cell.left_out
    )
    yield from out


def contrasts_table(group: Group) -> Table:
    """A row per contrast and metric: effect, chances, what a further cell shows, the word."""
    rows: list[list[TableCell | str]] = []
    for some in group.by_contrast.values():
        for one in some:
            found = one.found
            rows.append(
                [
                    one.named,
                    metric_of(one.metric),
                    TableCell(text=one.word, is_bold=one.word in DECIDED),
                    effect(one),
                    number(None if found is None else found.p_gain, 2),
                    number(None if found is None else found.p_loss, 2),
                    _next(one),
                    number(None if found is None else found.i2, 2),
                    f"{one.smallest:.2g}",
                    str(len(one.counted) if found is None else found.cells),
                ]
            )
    heads = ["contrast", "metric", "word", "effect %", "P(gain)", "P(loss)"]
    heads += ["next: gain / loss / neither %", "I2", "matters from %", "cells"]
    return table(heads, rows)


def cells_table(group: Group) -> Table:
    """A row per contrast, metric and cell: effect, what it rests on, what limits it."""
    rows = [
        [
            one.named,
            metric_of(one.metric),
            name,
            _with_interval(cell.effect, cell.interval),
            str(cell.blocks),
            "; ".join([*([f"left out: {cell.left_out}"] if cell.left_out else []), *cell.marks])
            or NONE,
        ]
        for some in group.by_contrast.values()
        for one in some
        for name, cell in zip(cell_names(one.cells), one.cells, strict=True)
    ]
    return table(["contrast", "metric", "cell", "effect %", "blocks", "marks"], rows)


def frame(found: SynthesizedStudies) -> pd.DataFrame:
    """Every number: a row per contrast and metric, and one per cell below it."""
    rows: list[dict[str, object]] = []
    for one in found.contrasts:
        head = {
            "question": one.question,
            "trained": one.trained,
            "factor": one.factor,
            "contrast": one.contrast,
            "value": one.value,
            "baseline": one.baseline,
            "metric": one.metric,
            "smallest": one.smallest,
        }
        all_of_them = {name: getattr(one.found, name, None) for name in FOUND}
        rows.append({**head, "row": "all cells", "word": one.word, **all_of_them})
        rows[-1]["effect"] = rows[-1].pop("mean")
        for cell in one.cells:
            low, high = cell.interval or (None, None)
            rows.append(
                {
                    **head,
                    "row": "cell",
                    **{name: getattr(cell, name) for name in CELL},
                    "low": low,
                    "high": high,
                    "marks": "; ".join(cell.marks),
                }
            )
    return pd.DataFrame(rows)


def pooled_rows(found: SynthesizedStudies, metrics: Sequence[str]) -> list[list[str]]:
    """What the studies of one question show together, as rows of a Markdown table.

    A row for networks and one for the probe, where they have several cells: what it is of, how
    often each word occurs, and per metric the contrasts by word, with the effects of gains and
    losses.
    """
    rows = []
    for group in groups_of(found):
        several = [one for one in group.contrasts if one.found is not None]
        if not several:
            continue
        most = max(one.found.cells for one in several if one.found is not None)
        name = "Together, networks" if group.trained == "networks" else "Together, probe"
        counts = Counter(one.word for one in several)
        words = ", ".join(f"{counts[word]} {word}" for word in WORDS if counts[word])
        rows.append([f"**{name}** ({most} cells)", words, *_by_word(several, metrics)])
    return rows


def _by_word(several: Sequence[Synthesized], metrics: Sequence[str]) -> Iterator[str]:
    for metric in metrics:
        parts = []
        for word in WORDS:
            named = [
                f"{one.contrast} {effect(one)}" if word in ("gain", "loss") else one.contrast
                for one in several
                if (one.metric, one.word) == (metric, word)
            ]
            parts += [f"{word}: {', '.join(named)}"] if named else []
        yield "; ".join(parts)


def _terminal_table(metric: str, several: Sequence[Synthesized]) -> Table:
    sizes = sorted({f"{one.smallest:.2g}" for one in several}, key=float)
    name = f"{metric_of(metric)}, from {'-'.join(sizes[:1] + sizes[1:][-1:])} %"
    rows = [
        [
            one.contrast,
            effect(one),
            number(None if one.found is None else one.found.p_gain, 2),
            _next(one),
            number(None if one.found is None else one.found.i2, 2),
            SHORT.get(one.word, one.word),
        ]
        for one in several
    ]
    return table([name, "effect, 95 %", "P(+)", "next", "I2", "word"], rows)


def _next(one: Synthesized) -> str:
    """The chances in percent that a further cell shows a gain, a loss, or neither."""
    if one.found is None:
        return NONE
    gain, loss = round(100 * one.found.next_gain), round(100 * one.found.next_loss)
    return f"{gain}/{loss}/{max(0, 100 - gain - loss)}"


def _with_interval(middle: float, ends: tuple[float, float] | None) -> str:
    """A number with its interval, with as many decimals as the interval allows."""
    if ends is None:
        return f"{middle:+.1f}"
    half = (ends[1] - ends[0]) / 2
    digits = 0 if half >= 10 else 1 if half >= 0.1 else 2
    return f"{middle:+.{digits}f} ({ends[0]:+.{digits}f} to {ends[1]:+.{digits}f})"


def _aligned(tables: Sequence[Table]) -> Iterator[str]:
    """Yield the lines of tables whose columns are as wide as what all of them hold.

    First and last column are aligned at the left.
    """
    rows: list[tuple[str, ...]] = []
    for made in tables:
        rows.append(made.columns)
        rows += [tuple(cell.text for cell in row) for row in made.rows]
    rows = [(_cut(row[0]), *row[1:]) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        middle = [text.rjust(width) for text, width in zip(row[1:-1], widths[1:-1], strict=True)]
        yield " ".join([row[0].ljust(widths[0]), *middle, row[-1]])


def _cut(name: str) -> str:
    return name if len(name) <= NAME else f"{name[: NAME - 2]}.."


def _facts(cell: Cell) -> list[str]:
    """The data, then the network and the budget, fact by fact."""
    network = "" if trains_none(cell.network) else cell.network
    network = network.replace(" (", ", ").removesuffix(")")
    return [cell.data, *filter(None, network.split(", ")), *filter(None, cell.budget.split(", "))]
