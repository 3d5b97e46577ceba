"""Tables of Markdown and CSV."""

import csv
import io
import itertools
import re
from dataclasses import replace
from typing import Final

from ablate.auditing.grid import Cell, Grid, squared
from ablate.auditing.latex import printed
from ablate.errors import DataError

_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_BAR = re.compile(r"(?<!\\)\|")
_BOLD = re.compile(r"\*\*(.+?)\*\*|__(.+?)__|<(?:b|strong)>(.+?)</(?:b|strong)>", re.IGNORECASE)
_UNDERLINED = re.compile(r"<(?:u|ins)>(.+?)</(?:u|ins)>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>|&nbsp;", re.IGNORECASE)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_ITALIC = re.compile(r"(?<![\w*])[*_]([^*_]+)[*_](?![\w*])")
_ENTITIES: Final = {"&plusmn;": "±", "&uarr;": "↑", "&darr;": "↓", "&amp;": "&"}
SEPARATORS: Final = ",;\t"


def read_markdown(text: str, *, where: str) -> list[Grid]:
    """Return the tables with pipes of a Markdown file.

    Raises:
        DataError: A row has more or fewer cells than the head.
    """
    lines = text.split("\n")
    grids: list[Grid] = []
    at = 1
    while at < len(lines):
        if "|" not in lines[at] or not _RULE.fullmatch(lines[at]) or "|" not in lines[at - 1]:
            at += 1
            continue
        rows = [_bars(lines[at - 1], at)]
        first = at
        at += 1
        while at < len(lines) and "|" in lines[at]:
            rows.append(_bars(lines[at], at + 1))
            at += 1
        for row in rows[1:]:
            if len(row) != len(rows[0]):
                raise DataError(
                    f"{where}:{row[-1].line}:{row[-1].column}: this row has {len(row)} cells, the "
                    f"head {len(rows[0])}; fix the bars"
                )
        grids.append(squared(rows, where=where, line=first))
    return grids


def _bars(line: str, number: int) -> list[Cell]:
    """Return the cells of a line of Markdown."""
    ends = [found.start() for found in _BAR.finditer(line)]
    inner = line.strip()
    starts = [0, *(end + 1 for end in ends)]
    pieces = list(zip(starts, [*ends, len(line)], strict=True))
    if inner.startswith("|"):
        pieces = pieces[1:]
    if inner.endswith("|") and not inner.endswith("\\|") and len(pieces) > 1:
        pieces = pieces[:-1]
    return [_cell(line[start:end], number, start) for start, end in pieces]


def _cell(raw: str, line: int, start: int) -> Cell:
    text = raw.replace("\\|", "|")
    for entity, letter in _ENTITIES.items():
        text = text.replace(entity, letter)
    is_bold = any(re.search(r"\d", found[0]) for found in _BOLD.finditer(text))
    is_underlined = any(re.search(r"\d", found[0]) for found in _UNDERLINED.finditer(text))
    text = _BOLD.sub(lambda found: next(one for one in found.groups() if one), text)
    text = _ITALIC.sub(r"\1", _LINK.sub(r"\1", _TAG.sub(" ", text)))
    cell = Cell(
        text=" ".join(text.split()),
        line=line,
        column=start + len(raw) - len(raw.lstrip()) + 1,
        is_bold=is_bold,
        is_underlined=is_underlined,
    )
    if "$" not in text and "\\" not in text:
        return cell
    found = printed(text)  # formulas, also of LaTeX cells that were pasted
    return replace(
        cell,
        text=found.text,
        is_bold=is_bold or found.is_bold,
        is_underlined=is_underlined or found.is_underlined,
    )


def read_csv(text: str, *, where: str) -> list[Grid]:
    """Return the table of a CSV file; cells may hold the marks of Markdown or LaTeX.

    Raises:
        DataError: A quote is not closed, or a row has more or fewer cells than the first one.
    """
    first = text.split("\n", 1)[0]
    separator = max(SEPARATORS, key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[Cell]] = []
    try:
        for texts in lines:
            if any(one.strip() for one in texts):
                starts = itertools.accumulate((len(one) + 1 for one in texts), initial=0)
                places = zip(texts, starts, strict=False)
                rows.append([_cell(one, lines.line_num, start) for one, start in places])
    except csv.Error as error:
        raise DataError(f"{where}:{lines.line_num}:1: {error}; fix the quotes") from error
    for row in rows[1:]:
        if len(row) != len(rows[0]):
            raise DataError(
                f"{where}:{row[-1].line}:{row[-1].column}: this row has {len(row)} cells, the head "
                f"{len(rows[0])}; fix the separators"
            )
    return [squared(rows, where=where, line=1)] if rows else []
