"""What can be said about a printed table: facts about its marks, and its differences beside noise.

It never says more than "within" or "beyond run-to-run noise of" trainings that are named: whether a
method is better, only seeds can show.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal

from ablate.auditing.grid import Cell
from ablate.auditing.heads import RANGES, SHARES, Head
from ablate.auditing.noise import Copy, Noise, of_metric
from ablate.auditing.table import Printed, Row
from ablate.errors import ConfigError, nearest

Kind = Literal["direction", "range", "bold", "underlined", "copy"]
Word = Literal["within", "between", "beyond", "no noise known"]
FULL: Final = ("ours", "proposed", "full", "complete", "all components")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fault of a table: where it stands, and what is so."""

    kind: Kind
    line: int
    column: int
    row: str
    head: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row against the one that it is held against, in one column.

    Args:
        row: Its name.
        line: Of the file.
        head: Of the column.
        change: In units of the table, this row minus the other.
        percent: Of the other one.
        word: Within, beyond or between the noise of what is known.
        noise: By how many percent two trainings of one configuration may differ: the least and the
            most of what is known; None where nothing is.
        seeds: Of each row, that would show such a difference: the least and the most; None where
            nothing is known or 10,000 are too few.
        least: What has the least noise.
        most: What has the most.
    """

    row: str
    line: int
    head: str
    change: float
    percent: float
    word: Word
    noise: tuple[float, float] | None = None
    seeds: tuple[int | None, int | None] | None = None
    least: str = ""
    most: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """An audited table.

    Args:
        line: Of the file, on which it begins.
        rows: Names of its rows.
        heads: Of its columns of scores.
        against: The row that the others are held against, one per data set.
        findings: Faults.
        differences: Of every other row and column.
        notes: What was left aside, and why.
    """

    line: int
    rows: tuple[str, ...]
    heads: tuple[str, ...]
    against: tuple[str, ...]
    findings: tuple[Finding, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]


def audit(
    table: Printed,
    *,
    noise: Sequence[Noise],
    copies: Sequence[Copy] = (),
    against: str = "",
) -> Audited:
    """Return what can be said about a table.

    Args:
        table: As it is printed.
        noise: What is known of single trainings.
        copies: Scores of unchanged sources on the data of the table, by the same protocol.
        against: Name of the row that the others are held against; by default the full method.

    Raises:
        ConfigError: No row is called so.
    """
    bases = _bases(table, against)
    styled = [row.name for row in table.rows if all(cell.is_bold for cell in row.cells)]
    is_style = len(styled) > 1 and len(table.heads) > 1
    notes = [f"bold as a whole, so not read as best: {', '.join(styled)}"] if is_style else []
    findings: list[Finding] = []
    differences: list[Difference] = []
    unknown: list[str] = []
    for at, head in enumerate(table.heads):
        scale = _scale(table, at)
        if scale > 1:
            notes.append(f"{head.name}: in percent")
        findings += [*_direction(head), *_range(table, at, scale)]
        findings += [] if is_style else _marks(table, at)
        beaten = _beaten(table, at, [one for one in copies if scale == 1 and _is_about(one, head)])
        findings += beaten[0]
        notes += beaten[1]
        known = of_metric(noise, head.metric)
        if not known:
            unknown.append(head.name)
        differences += _differences(table, at, bases, known)
    if unknown:
        notes.append(f"no noise is known for {', '.join(dict.fromkeys(unknown))}")
    return Audited(
        line=table.line,
        rows=tuple(row.name for row in table.rows),
        heads=tuple(head.name for head in table.heads),
        against=tuple(row.name for row in bases.values()),
        findings=tuple(sorted(findings, key=lambda one: (one.line, one.column))),
        differences=tuple(differences),
        notes=tuple(notes),
    )


def _bases(table: Printed, name: str) -> dict[str, Row]:
    """Return data set -> the row that its others are held against."""
    blocks = {
        row.block: [one for one in table.rows if one.block == row.block] for row in table.rows
    }
    if not name:
        return {block: _full(rows[::-1]) for block, rows in blocks.items()}
    called = (name.lower(), *(f"{block} {name}".lower() for block in blocks))
    found = {row.block: row for row in table.rows if row.name.lower() in called}
    if not found:
        tail = nearest(name, [row.name for row in table.rows])
        raise ConfigError(f"--row: the table on line {table.line} has no row {name!r}; {tail}")
    return found


def _full(rows: Sequence[Row]) -> Row:
    """Return the full method: by its name, else the row with the most bold, of equals the last.

    Args:
        rows: The last one first.
    """
    for word in FULL:
        called = [row for row in rows if word in row.name.lower() and "w/o" not in row.name.lower()]
        if called:
            return called[0]
    return max(rows, key=lambda row: sum(cell.is_bold for cell in row.cells))


def _scale(table: Printed, at: int) -> int:
    """Return 100 where a column is in percent, else 1."""
    numbers = [abs(number) for _, _, number in table.column(at)]
    metric = table.heads[at].metric
    if metric not in SHARES or not numbers:
        return 1
    return 100 if median(numbers) > max(RANGES[metric][1], 1.5) else 1


def _direction(head: Head) -> Iterator[Finding]:
    if head.said and head.said != head.better:
        yield Finding(
            kind="direction",
            line=head.line,
            column=head.column,
            row="",
            head=head.name,
            says=f"the arrow says {head.said} is better; of {head.label} {head.better} is",
        )


def _range(table: Printed, at: int, scale: int) -> Iterator[Finding]:
    head = table.heads[at]
    if head.metric not in RANGES:
        return
    low, high = (end * scale for end in RANGES[head.metric])
    for row, cell, number in table.column(at):
        if not low <= number <= high:
            yield _found(
                "range",
                row,
                cell,
                head,
                f"{cell.text} lies outside what {head.label} can be, {low:g} to {high:g}",
            )


def _marks(table: Printed, at: int) -> Iterator[Finding]:
    """Yield bold numbers that are not the best, and underlined ones that are not the second."""
    head, column = table.heads[at], table.column(at)
    bold = [one for one in column if one[1].is_bold]
    parts = _parts(column, bold)
    wrong = []
    for part in parts:
        order = _order(part, head)
        for row, cell, number in part:
            if cell.is_bold and order and number != order[0]:
                best = next(other for other in part if other[2] == order[0])
                wrong.append(
                    _found(
                        "bold",
                        row,
                        cell,
                        head,
                        f"{cell.text} is bold, but {best[1].text} of {best[0].name!r} is better "
                        f"({head.better} is)",
                    )
                )
    yield from wrong
    if wrong or not bold:
        return
    for part in parts:
        order = _order(part, head)
        is_tie = sum(number == order[0] for *_, number in part) > 1 if order else False
        for row, cell, number in part:
            is_second = number in order[1:2] or (is_tie and number == order[0])
            if cell.is_underlined and not cell.is_bold and not is_second and len(order) > 1:
                second = next(other for other in part if other[2] == order[1])
                yield _found(
                    "underlined",
                    row,
                    cell,
                    head,
                    f"{cell.text} is underlined, but {second[1].text} of {second[0].name!r} is "
                    "the second",
                )


Column = list[tuple[Row, Cell, float]]


def _parts(column: Column, bold: Column) -> list[Column]:
    """Return what is compared: a data set, in it the parts between rules that have bold each."""
    found: list[Column] = []
    for block in dict.fromkeys(row.block for row, *_ in column):
        whole = [one for one in column if one[0].block == block]
        marked = sorted({row.part for row, *_ in bold if row.block == block})
        parts = [[one for one in whole if one[0].part == part] for part in marked]
        is_by_part = len(marked) > 1 and all(len(part) > 1 for part in parts)
        found += parts if is_by_part else [whole]
    return found


def _order(column: Column, head: Head) -> list[float]:
    """Return the numbers that are printed, each once, the best first."""
    return sorted({number for *_, number in column}, reverse=head.better == "higher")


def _is_about(copy: Copy, head: Head) -> bool:
    is_here = not head.group or copy.data.lower() in head.group.lower()
    return copy.metric == head.metric and is_here


def _beaten(table: Printed, at: int, copies: Sequence[Copy]) -> tuple[list[Finding], list[str]]:
    """Return the rows that a copy of a source beats; a note where it beats all of them."""
    head, column = table.heads[at], table.column(at)
    if not copies or not column:
        return [], []
    sign = 1 if head.better == "higher" else -1
    best = max(copies, key=lambda one: sign * one.value)
    lost = [one for one in column if sign * one[2] < sign * best.value]
    what = (
        f"an unchanged copy of the {best.name} image scores {best.value:.4g} on {best.data} "
        f"({best.protocol})"
    )
    if len(lost) == len(column):
        return [], [f"{head.name}: {what}, better than every row: it can be had without fusing"]
    return [
        _found("copy", row, cell, head, f"{cell.text} is less good than a copy: {what}")
        for row, cell, _ in lost
    ], []


def _differences(
    table: Printed, at: int, bases: Mapping[str, Row], known: Sequence[Noise]
) -> Iterator[Difference]:
    head = table.heads[at]
    for row, _, number in table.column(at):
        base = bases.get(row.block, row)
        origin = base.cells[at].number
        if row is base or not origin:
            continue
        share = (number - origin) / abs(origin)
        word: Word = "no noise known"
        if known:
            inside = [abs(share) <= one.share for one in known]
            word = "within" if all(inside) else "between" if any(inside) else "beyond"
        ends = (known[0], known[-1]) if known else ()
        yield Difference(
            row=row.name,
            line=row.line,
            head=head.name,
            change=round(number - origin, 10),
            percent=100 * share,
            word=word,
            noise=(100 * ends[0].share, 100 * ends[1].share) if ends else None,
            seeds=(ends[0].seeds(share), ends[1].seeds(share)) if ends else None,
            least=ends[0].name if ends else "",
            most=ends[1].name if ends else "",
        )


def _found(kind: Kind, row: Row, cell: Cell, head: Head, says: str) -> Finding:
    return Finding(
        kind=kind, line=cell.line, column=cell.column, row=row.name, head=head.name, says=says
    )
