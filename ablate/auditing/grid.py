"""A printed table as cells with their place in the file, whatever it was written in."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ablate.errors import DataError

MOST_SPANNED: Final = 500
MISSING: Final = {"", "-", "--", "---", "–", "—", "n/a", "na", "nan", "/", "×", "✗", "x"}
_NUMBER: Final = re.compile(
    r"(?P<number>[-+−]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
    r"\s*%?\s*[*†‡§]*\s*[↑↓]?\s*(?:±\s*[\d.]+|\([^()]*\)|[↑↓]\s*[\d.]+%?)?\s*[*†‡§]*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell as it is printed.

    Args:
        text: Without markup.
        line: Of the file, from 1.
        column: Of the line, from 1.
        is_bold: Whether its number is bold.
        is_underlined: Whether its number is underlined.
        span: Columns that it covers.
        rows: Rows that it covers.
    """

    text: str
    line: int
    column: int
    is_bold: bool = False
    is_underlined: bool = False
    span: int = 1
    rows: int = 1

    @property
    def number(self) -> float | None:
        """The number that is printed, without its spread; None where there is none.

        Example:
            >>> Cell(text="0.72 ± 0.01", line=1, column=1).number
            0.72
        """
        found = _NUMBER.fullmatch(self.text.strip())
        if found is None:
            return None
        number = float(found["number"].replace(",", "").replace("−", "-"))
        return number if math.isfinite(number) else None

    @property
    def decimals(self) -> int:
        """How many decimals are printed."""
        found = _NUMBER.fullmatch(self.text.strip())
        return len(found["number"].partition(".")[2]) if found else 0

    @property
    def is_missing(self) -> bool:
        """Whether the cell says that there is no number."""
        return self.text.strip().lower() in MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of the file, heads included.

    Args:
        rows: Each as wide as the table, spanned cells repeated.
        line: On which it begins.
        rules: Rows that stand behind a rule.
    """

    rows: tuple[tuple[Cell, ...], ...]
    line: int
    rules: frozenset[int] = frozenset()


def squared(
    rows: Sequence[Sequence[Cell]], *, where: str, line: int, rules: frozenset[int] = frozenset()
) -> Grid:
    """Return rows of one width: cells that span several columns or rows are repeated.

    Raises:
        DataError: A row is wider or narrower than the first whole one; says line and column.
    """
    widths = [sum(cell.span for cell in row) for row in rows]
    width = next((one for one in widths if one > 1), 1)
    found: list[tuple[Cell, ...]] = []
    hanging: dict[int, tuple[int, Cell]] = {}
    for row in rows:
        for cell in row:
            if max(cell.span, cell.rows) > MOST_SPANNED:
                raise DataError(
                    f"{where}:{cell.line}:{cell.column}: spans {max(cell.span, cell.rows)} cells, "
                    f"at most {MOST_SPANNED} are read; fix the number"
                )
        wide = [replace(cell, span=1) for cell in row for _ in range(cell.span)]
        if len(row) == 1 and row[0].text:  # the name of a group of rows
            wide = [wide[0]] * width
        if len(wide) != width:
            at = row[-1]
            raise DataError(
                f"{where}:{at.line}:{at.column}: this row has {len(wide)} cells, the table "
                f"{width}; fix the separators"
            )
        for place, cell in enumerate(wide):
            left, above = hanging.get(place, (0, cell))
            if cell.rows > 1:
                hanging[place] = cell.rows - 1, replace(cell, rows=1)
            elif left:
                hanging[place] = left - 1, above
                if not cell.text:
                    wide[place] = replace(above, line=cell.line, column=cell.column)
        found.append(tuple(wide))
    return Grid(rows=tuple(found), line=line, rules=rules)
