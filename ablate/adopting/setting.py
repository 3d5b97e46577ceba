"""One setting of a repository, and what its name and value say of it."""

import ast
import re
from dataclasses import dataclass
from typing import Any, Final

from ablate.adopting.roles import NEVER_WEIGHT, Role, is_weight, role_of
from ablate.numbers import is_number
from ablate.settings.command import Place

NOTHING: Final = object()  # in place of a value that is not written out


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A value that a study may set.

    Args:
        name: Short, as it is called there.
        role: What it is for.
        value: What stands there.
        file: In which file, from the folder of the repository.
        line: From 1.
        place: Where a study puts its value; None where it has no way to.
        parts: Of a list, the places of its entries, each with its value.
        is_whole: Whether it takes whole numbers alone.
        why: Why it should not be varied, "" where it may.
    """

    name: str
    role: Role
    value: Any
    file: str
    line: int
    place: Place | None
    parts: tuple[tuple[Place, Any], ...] = ()
    is_whole: bool = False
    why: str = ""


def role_in_program(name: str, value: Any, *, is_traced: bool) -> Role:
    """Return the role of a name; `is_traced`: whether it was found to weigh a loss."""
    known = role_of(name, value)
    if known:
        return known
    may_be = not NEVER_WEIGHT.search(name) and is_weighing(value)
    return "loss weight" if may_be and (is_traced or is_weight(name)) else ""


def is_weighing(value: Any) -> bool:
    """Return whether a value can weigh something: a number, or a list of numbers, also as text."""
    if isinstance(value, str):
        value = _list_in(value)
    if isinstance(value, list | tuple):
        return bool(value) and all(is_weighing(one) for one in value)
    return is_number(value)


def _list_in(text: str) -> Any:
    if not re.fullmatch(r"\s*[\[(][-+\d.,eE\s]+[\])]\s*", text):
        return None
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return None


def literal(node: ast.expr) -> Any:
    """Return the value that an expression writes out, `NOTHING` where it does not."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return NOTHING
    return value if isinstance(value, str | int | float | list | tuple | None) else NOTHING
