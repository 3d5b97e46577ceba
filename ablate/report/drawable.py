"""Contents whose words a figure prints as they are: the figure library reads $...$ as formulas."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import pandas as pd

from ablate.report.contents import Contents

T = TypeVar("T")
SIGN = "$"


def drawable(contents: Contents) -> Contents:
    """The contents with every dollar sign escaped; mostly the same object."""
    if not (_has(contents.facts) or _has(list(contents.runs["arm"].unique()))):
        return contents
    return replace(
        contents,
        facts=escaped(contents.facts),
        runs=frame(contents.runs),
        verdicts=escaped(contents.verdicts),
        explored=escaped(contents.explored),
        gallery={escaped(name): pictures for name, pictures in contents.gallery.items()},
    )


def frame(table: pd.DataFrame) -> pd.DataFrame:
    """A table with every dollar sign escaped, in texts and in the names of columns."""
    columns = {
        name: table[name].map(escaped)
        if not pd.api.types.is_numeric_dtype(table[name].dtype)
        else table[name]
        for name in table.columns
    }
    return pd.DataFrame(columns).rename(columns=escaped)


def escaped(value: T) -> T:
    r"""A value with every dollar sign escaped, in everything that it holds.

    Example:
        >>> print(escaped({"a": ["$x$", 1]})["a"][0])
        \$x\$
    """
    found: Any = value
    if isinstance(value, str):
        found = value.replace(SIGN, rf"\{SIGN}")
    elif isinstance(value, Mapping):
        found = {escaped(name): escaped(item) for name, item in value.items()}
    elif isinstance(value, tuple) and hasattr(value, "_fields"):  # a named one
        found = type(value)(*(escaped(item) for item in value))
    elif isinstance(value, list | tuple):
        found = type(value)(escaped(item) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        found = replace(
            value, **{one.name: escaped(getattr(value, one.name)) for one in fields(value)}
        )
    return found  # type: ignore[no-any-return]


def _has(value: object) -> bool:
    if isinstance(value, str):
        return SIGN in value
    if isinstance(value, Mapping):
        return any(_has(name) or _has(item) for name, item in value.items())
    if is_dataclass(value):
        return any(_has(getattr(value, one.name)) for one in fields(value))
    return isinstance(value, list | tuple) and any(_has(item) for item in value)
