"""CSV files that a spreadsheet opens without running anything in them."""

from pathlib import Path
from typing import Any

import pandas as pd

TRIGGERS = ("=", "+", "-", "@", "\t", "\r")


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV; texts that a spreadsheet would take for a formula get an apostrophe."""
    safe = table.rename(columns=harmless)
    for place, kind in enumerate(table.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            column = safe.iloc[:, place]
            known = {value: harmless(value) for value in column.unique() if isinstance(value, str)}
            if any(value != text for value, text in known.items()):
                safe.isetitem(place, [known.get(one, one) for one in column])
    safe.to_csv(path, index=False, lineterminator="\n")


def harmless(value: Any) -> Any:
    """Return a value as a cell may hold it; numbers, also those written as text, stay.

    Example:
        >>> harmless("=1+1"), harmless("-0.5"), harmless("signed"), harmless("@x")
        ("'=1+1", '-0.5', 'signed', "'@x")
    """
    if not isinstance(value, str):
        return value
    text = value.replace("\r", " ")  # a line of its own to some readers
    if not value.startswith(TRIGGERS):
        return text
    try:
        float(value)
    except ValueError:
        return f"'{text}"
    return text
