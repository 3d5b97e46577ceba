"""Lines for people: whole in a pipe, where programs cut and search, wrapped on a terminal."""

import shutil
import sys
import textwrap

import typer

from ablate.errors import spelled

WIDEST = 100  # longer lines are hard to read


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text as `typer.echo` does, control characters spelled out."""
    typer.echo(spelled(text), err=err, nl=nl)


def say(text: str, *, indent: int | None = None) -> None:
    """Print a text on standard output; a terminal gets lines that fit.

    Args:
        text: One or more lines.
        indent: Where the rest of a long line starts; by default four columns after its own start.
    """
    for line in text.split("\n"):
        columns = shutil.get_terminal_size().columns
        echo(wrapped(line, columns, indent=indent) if sys.stdout.isatty() else line)


def wrapped(line: str, columns: int, *, indent: int | None = None) -> str:
    r"""A line as several of at most so many columns; a long word (an address) stays whole.

    Example:
        >>> wrapped("  asks: Does the sign matter?", 24)
        '  asks: Does the sign\n      matter?'
    """
    start = len(line) - len(line.lstrip()) + 4 if indent is None else indent
    return "\n".join(
        textwrap.wrap(
            line,
            min(columns, WIDEST),
            subsequent_indent=" " * start,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )
