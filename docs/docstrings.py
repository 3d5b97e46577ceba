"""Docstrings, signatures and tables as blocks of Markdown."""

import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

MADE = "Written by `python -m docs.reference_pages` from the code; change the docstrings instead.\n"
_SECTION = re.compile(r"^([A-Z][a-z]+):$", re.MULTILINE)
_ARGUMENT = re.compile(r"^(\w+): (.*)$")
_FIELD = re.compile(r"^    (\w+): [^=#]+?(?:= (?P<default>.+?))?(?:  # (?P<note>.*))?$")


@dataclasses.dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring in its parts: paragraphs, and sections by their heading."""

    text: str
    sections: Mapping[str, str]

    @property
    def arguments(self) -> dict[str, str]:
        """Return name -> text of the section "Args"."""
        found: dict[str, str] = {}
        for line in self.sections.get("Args", "").splitlines():
            named = _ARGUMENT.match(line)
            if named:
                found[last := named[1]] = named[2]
            else:
                found[last] += f" {line.strip()}"
        return found


def docstring(member: object) -> Docstring:
    """Return the parts of a member's docstring."""
    text, *rest = _SECTION.split(inspect.getdoc(member) or "")
    bodies = [textwrap.dedent(body.strip("\n")).strip() for body in rest[1::2]]
    return Docstring(text.strip(), dict(zip(rest[::2], bodies, strict=True)))


def member(
    name: str,
    member: Any,
    *,
    takes: Callable[..., Any],
    hidden: tuple[str, ...] = (),
    depth: int = 2,
) -> Iterator[str]:
    """Yield heading, text, settings and source of a registered member."""
    parts = docstring(member)
    yield f"{'#' * depth} {name}"
    yield parts.text
    parameters = [
        one
        for one in inspect.signature(takes).parameters.values()
        if one.kind is one.KEYWORD_ONLY and one.name not in hidden
    ]
    if parameters:
        yield from table(
            ["option", "", "default"],
            [
                (f"`{one.name}`", parts.arguments.get(one.name, ""), in_code(one.default))
                for one in parameters
            ],
        )
    if "Source" in parts.sections:
        yield f"Source: {one_line(parts.sections['Source'])}"


def function(name: str, call: Callable[..., Any], *, depth: int = 2) -> Iterator[str]:
    """Yield heading, signature and docstring of a function."""
    parts = docstring(call)
    names = [
        one
        for one in inspect.signature(call).parameters.values()
        if one.name not in ("self", "cls")
    ]
    star = next((index for index, one in enumerate(names) if one.kind is one.KEYWORD_ONLY), None)
    shown = [one.name + ("" if one.default is one.empty else f"={one.default!r}") for one in names]
    if star is not None:
        shown.insert(star, "*")
    yield f"{'#' * depth} {name}"
    yield f"`{name.rpartition('.')[2]}({', '.join(shown)})`" if shown else ""
    yield parts.text
    if parts.arguments:
        yield from table(
            ["argument", ""], [(f"`{key}`", text) for key, text in parts.arguments.items()]
        )
    for section in ("Returns", "Raises"):
        if section in parts.sections:
            yield f"{section}: {one_line(parts.sections[section])}"


def fields(of: type) -> dict[str, tuple[str, str]]:
    """Return field -> default, comment behind it, in the order of a dataclass."""
    found: dict[str, tuple[str, str]] = {}
    names = {one.name for one in dataclasses.fields(of)}
    for text in inspect.getsource(of).splitlines():
        field = _FIELD.match(text)
        if field and field[1] in names:
            default = field["default"] or ""
            is_empty = default.startswith("field(") or default in ("", "()", '""', "None")
            found[field[1]] = ("" if is_empty else f"`{default}`", field["note"] or "")
    return found


def head(title: str, text: str) -> Iterator[str]:
    """Yield the beginning of a written page."""
    yield f"# {title}"
    yield MADE
    yield text


def table(head: list[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield a table as one block; nothing without rows."""
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    if lines:
        yield "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *lines])


def one_line(text: str) -> str:
    """Return the text on one line."""
    return " ".join(text.split())


def codes(names: Iterable[str]) -> str:
    """Return names as code, with commas."""
    return ", ".join(f"`{name}`" for name in names)


def pairs(values: Mapping[str, Any]) -> str:
    """Return settings as code, with commas."""
    return ", ".join(f"`{name}: {value}`" for name, value in values.items())


def in_code(value: Any) -> str:
    """Return a value as code; nothing for none."""
    if value is inspect.Parameter.empty:
        return "required"
    return "" if value is None or value == "" else f"`{value}`"


def joined(blocks: Iterable[str]) -> str:
    """Return blocks as a page."""
    return "\n\n".join(block.strip("\n") for block in blocks if block.strip())
