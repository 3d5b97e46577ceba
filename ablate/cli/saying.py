"""Lines for people: whole in a pipe, where programs cut and search, wrapped on a terminal."""

import shutil
import sys
import textwrap

import typer

WIDEST = 100  # longer lines are hard to read


def say(text: str) -> None:
    """Print a text; on a terminal its lines go on below their beginnings, further in."""
    for line in text.split("\n"):
        typer.echo(wrapped(line, shutil.get_terminal_size().columns) if _is_read() else line)


def wrapped(line: str, columns: int) -> str:
    r"""Return a line as several of at most so many letters; a long word (an address) stays whole.

    Example:
        >>> wrapped("  asks: Does the sign matter?", 24)
        '  asks: Does the sign\n      matter?'
    """
    start = line[: len(line) - len(line.lstrip())]
    return "\n".join(
        textwrap.wrap(
            line,
            min(columns, WIDEST),
            subsequent_indent=f"{start}    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def _is_read() -> bool:
    return sys.stdout.isatty()
