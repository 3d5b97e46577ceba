"""Paths that a program puts together, as far as they are known before it runs."""

import ast
import re
from collections.abc import Mapping

from ablate.adopting.repository import Python
from ablate.settings.python_places import dotted


def pattern(node: ast.expr, values: Mapping[str, str], file: Python) -> str:
    """Return a path with `*` for what is not known before it runs."""
    text = re.sub(r"\*+", "*", _text(node, values, file, depth=0)).replace("\\", "/")
    return text.removeprefix("./")


def _text(node: ast.expr, values: Mapping[str, str], file: Python, *, depth: int) -> str:
    def of(one: ast.expr) -> str:
        return _text(one, values, file, depth=depth + 1)

    if depth > 8:
        return "*"
    if isinstance(node, ast.Constant):
        return re.sub(r"%[-+.\d]*[a-z]|\{[^}]*\}", "*", str(node.value))
    if isinstance(node, ast.JoinedStr):
        parts = [one.value if isinstance(one, ast.FormattedValue) else one for one in node.values]
        return "".join(of(one) for one in parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return of(node.left) + of(node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Div):
        return (
            of(node.left) if isinstance(node.op, ast.Mod) else f"{of(node.left)}/{of(node.right)}"
        )
    if isinstance(node, ast.Call):
        called = dotted(node.func).rpartition(".")[2]
        if called == "join":
            return "/".join(of(one) for one in node.args)
        if called == "format" and isinstance(node.func, ast.Attribute):
            return of(node.func.value)
        return of(node.args[0]) if called in ("str", "Path") and node.args else "*"
    if isinstance(node, ast.Attribute) and node.attr in values:
        return values[node.attr]
    if isinstance(node, ast.Name):
        assigned = [
            one.value for one in file.places if one.form == "variable" and one.name == node.id
        ]
        if len(assigned) == 1:
            return of(assigned[0])
        return values.get(node.id, "*")
    return "*"
