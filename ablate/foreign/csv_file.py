"""Scores in a CSV file: a row per score, or a row per run or image with a column per metric."""

import csv
import gzip
import io
import itertools
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

import pandas as pd

from ablate.errors import DataError, nearest
from ablate.foreign.naming import COLUMNS, Naming
from ablate.metrics.catalogue import LABELS

SEPARATORS: Final = ",;\t"
LINE: Final = "line"  # of the file, beside the columns
OPENERS: Final = {".gz": gzip.decompress, ".xz": lzma.decompress}


def read_csv(path: Path, naming: Naming) -> pd.DataFrame:
    """Return the table as text, with our names of columns and the line of each row.

    Columns that have no name here stay: what a run table knows of a run is taken over.

    Raises:
        DataError: It cannot be read as such a table; says the line.
    """
    try:
        content = path.read_bytes()
        text = OPENERS[path.suffix](content) if path.suffix in OPENERS else content
        table = _rows(path, io.StringIO(text.decode("utf-8-sig"), newline=""))
    except (OSError, UnicodeError, EOFError, zlib.error, lzma.LZMAError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{path}: cannot be read: {reason}; give a CSV file in UTF-8") from error
    for ours, theirs in naming.columns.items():
        if theirs not in table:
            tail = nearest(theirs, [str(name) for name in table if name != LINE])
            raise DataError(f"{path}: --column {ours}={theirs}: it has no such column; {tail}")
    named = {ours: table[theirs] for ours, theirs in naming.columns.items()}
    rest = table.drop(columns=[*naming.columns, *naming.columns.values()], errors="ignore")
    return _long(path, rest.assign(**named), naming)


def _rows(path: Path, file: TextIO) -> pd.DataFrame:
    first = file.readline()
    separator = max(SEPARATORS, key=first.count)
    lines = csv.reader(itertools.chain([first], file), delimiter=separator, strict=True)
    try:
        heads = [name.strip() for name in next(lines, [])]
        twice = [name for name in heads if heads.count(name) > 1]
        if not any(heads) or twice:
            what = f"two columns are called {twice[0]!r}" if twice else "it is empty"
            raise DataError(f"{path}:1: {what}; the first line must name the columns")
        found = list(_checked(path, heads, lines))
    except csv.Error as error:
        raise DataError(f"{path}:{lines.line_num}: {error}; fix the quotes of that line") from error
    if not found:
        raise DataError(f"{path}: holds no row below its heads; export the scores again")
    return pd.DataFrame(found, columns=[LINE, *heads], dtype=object)


def _checked(path: Path, heads: list[str], lines: Iterator[list[str]]) -> Iterator[list[object]]:
    """Yield line number and cells of the rows; empty lines are left out."""
    for row in lines:
        number = lines.line_num  # type: ignore[attr-defined]
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(heads):
            raise DataError(
                f"{path}:{number}: has {len(row)} cells, the head has {len(heads)}; fix that line"
            )
        yield [number, *(cell.strip() for cell in row)]


def _long(path: Path, table: pd.DataFrame, naming: Naming) -> pd.DataFrame:
    """Return a row per score, of either form."""
    if "metric" in table and "score" in table:
        return table
    heads = [str(name) for name in table if name != LINE]
    if "metric" in table or "score" in table:
        has, lacks = ("metric", "score") if "metric" in table else ("score", "metric")
        raise DataError(
            f"{path}: has a column {has} and no column {lacks}; name it, --column {lacks}=THEIRS "
            f"(it has {', '.join(heads)})"
        )
    scores = [name for name in heads if name not in COLUMNS and naming.is_meant(name)]
    if not scores:
        raise DataError(
            f"{path}: has neither columns metric and score nor a column of a known metric; name "
            f"them: --column metric=THEIRS --column score=THEIRS, or --metric NAME=THEIRS "
            f"(it has {', '.join(heads)}; metrics: {', '.join(list(LABELS)[:6])}, ...)"
        )
    kept = [name for name in table if name not in scores]
    return table.melt(id_vars=kept, value_vars=scores, var_name="metric", value_name="score")
