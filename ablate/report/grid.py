"""A table as people read it, for page and Markdown alike: cells with text, weight and links."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from ablate.report.contents import Contents

NONE = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One MLflow run: its label, its id there, and its address where a server is known."""

    text: str
    mlflow_id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What stands in one place of a grid."""

    text: str = ""
    is_bold: bool = False
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Columns and rows; every row has a cell per column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def grid(columns: Sequence[str], rows: Iterable[Sequence[Cell | str]]) -> Grid:
    """Return a grid; plain texts become cells."""
    made = [tuple(c if isinstance(c, Cell) else Cell(text=c) for c in row) for row in rows]
    return Grid(columns=tuple(columns), rows=tuple(made))


def of_frame(table: pd.DataFrame) -> Grid:
    """Return a frame of texts as a grid."""
    return grid([str(name) for name in table.columns], table.astype(str).to_numpy().tolist())


def run_link(contents: Contents, run_id: str, text: str) -> Link:
    """Return the link of a run of ours; without an MLflow id it is named by our own."""
    known = contents.links.get(run_id, "")
    url = contents.server + known if contents.server and known else ""
    return Link(text=text, mlflow_id=known or run_id, url=url)


def number(value: float | None, decimals: int = 4) -> str:
    """Return a number, a dash where there is none."""
    return NONE if value is None or pd.isna(value) else f"{value:.{decimals}f}"


def signed(value: float | None, decimals: int = 2) -> str:
    """Return a number with its sign, a dash where there is none."""
    return NONE if value is None or pd.isna(value) else f"{value:+.{decimals}f}"
