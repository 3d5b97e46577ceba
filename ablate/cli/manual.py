"""How the help of a command is laid out: its text, its examples on lines of their own."""

import inspect
import re
import textwrap
from dataclasses import dataclass
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup, TyperOption

MAKE, RUN, READ, USE, FIX = (
    "Make a study",
    "Run it",
    "Read what came out",
    "Use the result",
    "Check and fix",
)
EXIT_CODES: Final = {
    0: "done",
    1: "run-time failure",
    2: "your input",
    3: "finished with failed runs",
    130: "interrupted",
}
EXIT_LINE: Final = "Exit codes: " + ", ".join(f"{code} {text}" for code, text in EXIT_CODES.items())
WIDTH: Final = 78  # of an example: what a terminal of 80 columns shows on one line
_EXAMPLES = re.compile(r"Examples?:\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the docstring of a command holds."""

    paragraphs: tuple[str, ...]  # each on one line
    examples: tuple[str, ...]  # commands as they are typed


def parts(docstring: str) -> Parts:
    r"""Return text and examples of a command's docstring.

    Example:
        >>> parts("Run it.\n\nExample: ablate run mine\n  --workers 2").examples
        ('ablate run mine --workers 2',)
    """
    blocks = inspect.cleandoc(docstring).split("\n\n")
    texts = [" ".join(block.split()) for block in blocks if not _EXAMPLES.match(block)]
    typed = " ".join(
        " ".join(_EXAMPLES.sub("", block, count=1).split())
        for block in blocks
        if _EXAMPLES.match(block)
    )
    commands = re.split(r"\s+(?=ablate [a-z])", typed) if typed else []
    return Parts(paragraphs=tuple(texts), examples=tuple(commands))


def broken(command: str) -> str:
    """Return a command as lines that can be typed on a terminal of 80 columns."""
    lines = textwrap.wrap(
        command, WIDTH - 2, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
    return " \\\n".join(lines)


class Command(TyperCommand):
    """A command whose docstring says what it does and ends with examples."""

    def __init__(self, *args: Any, help: str | None = None, **more: Any) -> None:
        self.parts = parts(help or "")
        examples = "\n".join(_plain(broken(example)) for example in self.parts.examples)
        super().__init__(
            *args,
            help=_plain("\n\n".join(self.parts.paragraphs)),
            epilog=f"Example{'s' if len(self.parts.examples) > 1 else ''}:\n{examples}",
            **{key: value for key, value in more.items() if key != "epilog"},
        )

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, flags without a type: they take no value."""
        return untyped(super().get_params(ctx))


class Group(TyperGroup):
    """Commands, listed in the order in which they are entered."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, flags without a type."""
        return untyped(super().get_params(ctx))


def untyped(parameters: list[Any]) -> list[Any]:
    """Return the parameters after taking the type from those that are flags."""
    for parameter in parameters:
        if isinstance(parameter, TyperOption) and parameter.is_flag:
            parameter.metavar = ""
    return parameters


def _plain(text: str) -> str:
    """Escape brackets, which would be markup."""
    return text.replace("[", "\\[")
