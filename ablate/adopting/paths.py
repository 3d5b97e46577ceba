"""Paths that a program puts together, as far as they are known before it runs."""

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Final

from ablate.adopting.repository import Python
from ablate.settings.python_places import dotted

DEEPEST: Final = 8  # names that stand for others


def pattern(node: ast.expr, values: Mapping[str, str], file: Python) -> str:
    """Return a path with `*` for what is not known before it runs."""
    text = re.sub(r"\*+", "*", _text(node, values, file, depth=0)).replace("\\", "/")
    return text.removeprefix("./")


def _text(node: ast.expr, values: Mapping[str, str], file: Python, *, depth: int) -> str:
    known: str | None = None
    if isinstance(node, ast.Constant):
        known = re.sub(r"%[-+.\d]*[a-z]|\{[^}]*\}", "*", str(node.value))
    elif isinstance(node, ast.Attribute):
        known = values.get(node.attr)
    if known is not None:
        return known
    between, parts = _parts(node, values, file)
    if depth > DEEPEST or not parts:
        return "*"
    return between.join(_text(one, values, file, depth=depth + 1) for one in parts)


def _parts(
    node: ast.expr, values: Mapping[str, str], file: Python
) -> tuple[str, Sequence[ast.expr]]:
    """Return what a text is joined of, and what stands between; no part where it is not known."""
    parts: Sequence[ast.expr] = ()
    between = ""
    if isinstance(node, ast.JoinedStr):
        parts = [one.value if isinstance(one, ast.FormattedValue) else one for one in node.values]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        parts = [node.left]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Div):
        parts, between = [node.left, node.right], "/" if isinstance(node.op, ast.Div) else ""
    elif isinstance(node, ast.Call):
        called = dotted(node.func).rpartition(".")[2]
        if called == "join":
            parts, between = node.args, "/"
        elif called == "format" and isinstance(node.func, ast.Attribute):
            parts = [node.func.value]
        elif called in ("str", "Path"):
            parts = node.args[:1]
    elif isinstance(node, ast.Name):
        assigned = [
            one.value for one in file.places if one.form == "variable" and one.name == node.id
        ]
        known = [ast.Constant(values[node.id])] if node.id in values else []
        parts = assigned if len(assigned) == 1 else known
    return between, parts
