"""Contents whose words a figure prints as they are: the figure library reads $...$ as formulas."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from ablate.report.contents import Contents

SIGN = "$"


def drawable(contents: Contents) -> Contents:
    """Return the contents with every dollar sign escaped; mostly the same object."""
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
    """Return a table with every dollar sign escaped, in texts and in the names of columns."""
    columns = {
        name: table[name].map(escaped)
        if not pd.api.types.is_numeric_dtype(table[name].dtype)
        else table[name]
        for name in table.columns
    }
    return pd.DataFrame(columns).rename(columns=escaped)


def escaped(value: Any) -> Any:
    r"""Return a value with every dollar sign escaped, in all that it holds.

    Example:
        >>> print(escaped({"a": ["$x$", 1]})["a"][0])
        \$x\$
    """
    if isinstance(value, str):
        return value.replace(SIGN, rf"\{SIGN}")
    if isinstance(value, Mapping):
        return {escaped(name): escaped(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [escaped(item) for item in value]
    return value


def _has(value: Any) -> bool:
    if isinstance(value, str):
        return SIGN in value
    if isinstance(value, Mapping):
        return any(_has(name) or _has(item) for name, item in value.items())
    return isinstance(value, list | tuple) and any(_has(item) for item in value)
