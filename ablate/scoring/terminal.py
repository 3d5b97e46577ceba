"""The table as a terminal shows it: at most 80 columns."""

import functools
from collections.abc import Callable, Sequence
from typing import Final

from ablate.metrics import BETTER, LABELS
from ablate.scoring.table import Line, Table

_WIDTH: Final = 80
_MEAN, _RANK = 10, 8  # columns of a number
_NAME: Final = _WIDTH - 6 * _MEAN  # six metrics fit beside a name
ARROWS: Final = ("↑", "↓")
MARK: Final = "†"


def terminal(table: Table, *, arrows: tuple[str, str] = ARROWS, mark: str = MARK) -> str:
    """Return means, `*` at the best method of each metric, and below them the ranks.

    Ranks are there for several methods only. Trivial baselines stand in brackets and have none.
    A sign marks the metrics in which a copy of a source beats every method.

    Args:
        table: Means and ranks.
        arrows: Signs for "higher is better" and "lower is better".
        mark: Sign of a metric that is gamed by a copy.
    """
    heads = [
        f"{LABELS[name]} {arrows[BETTER[name] == 'lower']}{mark if name in table.gamed else ''}"
        for name in table.names
    ]
    first = min(_NAME, max(len("method"), *(len(_name(line)) for line in table.lines)))
    blocks = _blocks(
        "method",
        heads,
        table.lines,
        first=first,
        width=_MEAN,
        cells=functools.partial(_means, table),
    )
    ranked = [line for line in table.lines if line.mean_rank is not None]
    if ranked:
        labels = [*(LABELS[name] for name in table.names), "mean"]
        blocks += _blocks(
            "rank", labels, ranked, first=first, width=_RANK, cells=functools.partial(_ranks, table)
        )
    return "\n\n".join(blocks)


def number(mean: float | None) -> str:
    """Return a mean with four decimals, two from 100 on, "-" where there is none.

    Example:
        >>> number(0.61194), number(2553.458), number(None)
        ('0.6119', '2553.46', '-')
    """
    if mean is None:
        return "-"
    return f"{mean:.4f}" if abs(mean) < 100 else f"{mean:.2f}"


def _blocks(
    title: str,
    heads: Sequence[str],
    lines: Sequence[Line],
    *,
    first: int,
    width: int,
    cells: Callable[[Line], Sequence[str]],
) -> list[str]:
    step = (_WIDTH - first) // width
    blocks = []
    for at in range(0, len(heads), step):
        rows = [(title, heads), *((_name(line), cells(line)) for line in lines)]
        blocks.append(
            "\n".join(
                (
                    _cut(name, first) + "".join(cell.rjust(width) for cell in row[at : at + step])
                ).rstrip()
                for name, row in rows
            )
        )
    return blocks


def _means(table: Table, line: Line) -> list[str]:
    cells = [line.cells[name] for name in table.names]
    return [number(cell.mean) + ("*" if cell.is_best else " ") for cell in cells]


def _ranks(table: Table, line: Line) -> list[str]:
    ranks = [line.cells[name].rank for name in table.names]
    return [*("-" if rank is None else f"{rank:g}" for rank in ranks), f"{line.mean_rank:.2f}"]


def _name(line: Line) -> str:
    return f"({line.method})" if line.is_trivial else line.method


def _cut(text: str, width: int) -> str:
    return (text if len(text) <= width else text[: width - 2] + "..").ljust(width)
