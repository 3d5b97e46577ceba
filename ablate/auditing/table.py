"""A printed table of scores: rows by name, columns by metric."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ablate.auditing.grid import Cell, Grid
from ablate.auditing.heads import Head, head_of
from ablate.auditing.latex import read_latex
from ablate.auditing.plain import read_csv, read_markdown
from ablate.errors import DataError, one_line

READERS: Final = {".csv": read_csv, ".tsv": read_csv, ".md": read_markdown, ".tex": read_latex}
MOST_HEADS: Final = 4
DATA_HEADS: Final = {"dataset", "datasets", "data set", "data", "test set", "task"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of scores.

    Args:
        name: Of the method, or of the marks of its components.
        line: Of the file.
        part: Number of the part between rules that it stands in.
        block: Data set that it is about, where a column of the table says so; else empty.
        cells: A cell per column of the table.
    """

    name: str
    line: int
    part: int
    block: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A printed table.

    Args:
        line: Of the file, on which it begins.
        heads: Of its columns of scores.
        rows: Its rows that have a score.
    """

    line: int
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]

    def has(self, name: str) -> bool:
        """Return whether a row is called so."""
        names = {row.name.removeprefix(f"{row.block} ").lower() for row in self.rows}
        return name.lower() in names | {row.name.lower() for row in self.rows}

    def column(self, at: int) -> list[tuple[Row, Cell, float]]:
        """Return the rows with a number in a column."""
        return [
            (row, row.cells[at], number)
            for row in self.rows
            if (number := row.cells[at].number) is not None
        ]


def read(path: Path) -> list[Printed]:
    """Return the tables of a file in which a known metric heads a column or a row.

    Raises:
        DataError: It cannot be read, or holds no such table; says line and column.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: tables are read from {', '.join(READERS)}; rename it, or convert")
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{path}: cannot be read: {reason}; give a text file in UTF-8") from error
    grids = reader(text, where=str(path))
    found = [table for grid in grids if (table := table_of(grid, where=str(path)))]
    if not found:
        heads = [cell.text for grid in grids[:1] for cell in grid.rows[0]]
        what = f"its first heads are {', '.join(heads)}" if heads else "it holds no table"
        raise DataError(
            f"{path}:1:1: no column is headed by a known metric: {one_line(what, longest=120)}; "
            "name metrics as papers do: EN, SD, SCD, VIF, Qabf, SSIM, ..."
        )
    return found


def table_of(grid: Grid, *, where: str) -> Printed | None:
    """Return the scores of a table; None where no column and no row is headed by a metric.

    Raises:
        DataError: A cell in a column of numbers is neither a number nor left out.
    """
    for one in (grid, _turned(grid)):
        count, heads = _heads(one)
        if not heads:
            continue
        places = tuple(heads)
        rows = tuple(_rows(one, count, places, where=where))
        if rows:
            return Printed(line=grid.line, heads=tuple(heads[at] for at in places), rows=rows)
    return None


def _turned(grid: Grid) -> Grid:
    """Return a table with its rows as columns."""
    return Grid(rows=tuple(zip(*grid.rows, strict=True)), line=grid.line)


def _heads(grid: Grid) -> tuple[int, dict[int, Head]]:
    """Return how many rows are heads, and the heads of the columns of scores."""
    for count in range(1, min(MOST_HEADS, len(grid.rows) - 1) + 1):
        row, below = grid.rows[count - 1], grid.rows[count:]
        named = {
            at: head
            for at, cell in enumerate(row)
            if any(one[at].number is not None for one in below) and (head := head_of(cell.text))
        }
        if named:
            found = {
                at: replace(
                    head,
                    group=f"{_above(grid.rows[: count - 1], at, row[at])} {head.group}".strip(),
                    line=row[at].line,
                    column=row[at].column,
                )
                for at, head in named.items()
            }
            return count, _distinct(found)
    return 0, {}


def _distinct(heads: dict[int, Head]) -> dict[int, Head]:
    """Return heads of different names: a data set that stands once is that of what follows it."""
    names = [head.name for head in heads.values()]
    if len(set(names)) == len(names):
        return heads
    found: dict[int, Head] = {}
    group, seen = "", dict[str, int]()
    for at, head in heads.items():
        group = head.group or group
        one = replace(head, group=group)
        seen[one.name] = seen.get(one.name, 0) + 1
        if seen[one.name] > 1:
            one = replace(one, label=f"{one.label} ({seen[one.name]})")
        found[at] = one
    return found


def _above(rows: Sequence[Sequence[Cell]], at: int, cell: Cell) -> str:
    """Return what stands above a head."""
    texts = dict.fromkeys(row[at].text for row in rows if at < len(row))
    return " ".join(text for text in texts if text and text != cell.text)


def _rows(grid: Grid, count: int, places: tuple[int, ...], *, where: str) -> Iterator[Row]:
    part, names, block = 0, dict[str, int](), ""
    of_data = [
        at
        for at, cell in enumerate(grid.rows[count - 1])
        if at not in places and cell.text.lower() in DATA_HEADS
    ][:1]
    for number, row in enumerate(grid.rows[count:], count):
        part += number in grid.rules
        cells = tuple(row[at] for at in places)
        if _is_heading(row, cells):
            part += 1
            continue
        for cell in cells:
            if cell.number is None and not cell.is_missing:
                raise DataError(
                    f"{where}:{cell.line}:{cell.column}: {one_line(cell.text, longest=40)!r} is no "
                    "number; write one, or - where there is none"
                )
        labels = [cell.text for at, cell in enumerate(row) if at not in (*places, *of_data)]
        block = next((row[at].text for at in of_data if row[at].text), block)
        name = f"{block} {_name(labels) or f'row {number}'}".strip() if any(labels) else block
        names[name] = names.get(name, 0) + 1
        name += f" ({names[name]})" if names[name] > 1 else ""
        yield Row(name=name, line=cells[0].line, part=part, block=block, cells=cells)


def _is_heading(row: Sequence[Cell], cells: Sequence[Cell]) -> bool:
    """Return whether a row is the name of a group of rows, or heads once more."""
    is_spanned = len({cell.text for cell in row}) == 1 and cells[0].number is None
    return is_spanned or all(cell.is_missing or head_of(cell.text) for cell in cells)


def _name(labels: Sequence[str]) -> str:
    """Return the name of a row: its first label where it is one, else all of them."""
    first = next((text for text in labels if text.strip()), "")
    if len(first) > 1 and any(letter.isalpha() for letter in first):
        return first
    return " ".join(text or "–" for text in labels) if first else ""
