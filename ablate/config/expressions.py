"""The closed language of `when` and `require`.

It has names, numbers, texts, lists, comparisons, arithmetic, and/or/not and in.
There are no calls, no attributes of objects and no indexing; a dotted name is one name that the
caller looks up. The text is parsed into a syntax tree and interpreted node by node.
"""

import ast
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ablate.errors import ConfigError

LONGEST = 500
DEEPEST = 60
LARGEST_EXPONENT = 64
LARGEST_BASE = 1e9
WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None}

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}


class MissingNameError(LookupError):
    """A look-up function does not know the name; the caller decides what that means."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression and the names it uses, dotted ones whole."""

    text: str
    names: tuple[str, ...]
    _body: ast.expr

    def evaluate(self, look_up: Callable[[str], Any]) -> Any:
        """Return the value with every name looked up.

        Raises:
            ConfigError: The values do not fit the operation, for example a text times a number.
            MissingNameError: The look-up does not know a name that is needed.

        Example:
            >>> parse("crop * ratio ** (levels - 1) >= 8").evaluate(
            ...     {"crop": 64, "ratio": 0.5, "levels": 5}.__getitem__
            ... )
            False
        """
        try:
            return _value(self._body, look_up)
        except (TypeError, ArithmeticError) as error:
            raise ConfigError(
                f"{self.text!r}: cannot be computed: {error}; change it, or a value that it names"
            ) from None


def parse(text: str) -> Expression:
    """Return the expression that a text says.

    Raises:
        ConfigError: It is not an expression, or uses what the language does not have.

    Example:
        >>> parse("loss.levels > 1 and sign in ['kept', 'free']").names
        ('loss.levels', 'sign')
    """
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(f"an expression must be a text such as 'levels > 1', got {text!r}")
    if len(text) > LONGEST:
        raise ConfigError(f"{text[:40]!r}...: longer than {LONGEST} characters; split it")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python would say about "\d" or "1if"
            body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else error
        raise ConfigError(
            f"{text!r}: is not an expression ({why}); write e.g. 'levels > 1'"
        ) from None
    if _is_deep(body):
        raise ConfigError(f"{text!r}: is nested deeper than {DEEPEST}; split it")
    names: list[str] = []
    _check(body, text, names)
    return Expression(text, tuple(dict.fromkeys(names)), body)


def _is_deep(body: ast.AST) -> bool:
    """Return whether the tree is too deep for functions that call themselves."""
    layer: list[ast.AST] = [body]
    for _ in range(DEEPEST):
        layer = [child for node in layer for child in ast.iter_child_nodes(node)]
        if not layer:
            return False
    return True


def _check(node: ast.expr, text: str, names: list[str]) -> None:
    for child in _children(node, text):
        _check(child, text, names)
    name = _dotted(node)
    if name and name not in WORDS:
        names.append(name)


def _children(node: ast.expr, text: str) -> list[ast.expr]:
    """Return the parts of an allowed node, refuse any other."""
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub, ast.UAdd)):
        return [node.operand]
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        return [node.left, node.right]
    if isinstance(node, ast.Compare) and all(type(op) in _COMPARISONS for op in node.ops):
        return [node.left, *node.comparators]
    if isinstance(node, (ast.List, ast.Tuple)):
        return node.elts
    if _dotted(node) is not None:
        return []
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str, type(None))):
        if isinstance(node.value, float) and not math.isfinite(node.value):
            raise ConfigError(f"{text!r}: a number is too large")
        return []
    part = ast.get_source_segment(text.strip(), node)
    raise ConfigError(
        f"{text!r}: {part!r} is not allowed; the language has names, numbers, texts, "
        "lists, comparisons, arithmetic, and, or, not, in"
    )


def _dotted(node: ast.expr) -> str | None:
    """Return "a.b.c" for a chain of names without leading underscores, else None."""
    if isinstance(node, ast.Name) and not node.id.startswith("_"):
        return node.id
    if isinstance(node, ast.Attribute) and not node.attr.startswith("_"):
        left = _dotted(node.value)
        return f"{left}.{node.attr}" if left else None
    return None


def _value(node: ast.expr, look_up: Callable[[str], Any]) -> Any:
    name = _dotted(node)
    if name is not None:
        return WORDS[name] if name in WORDS else look_up(name)
    match node:
        case ast.Constant():
            return node.value
        case ast.List() | ast.Tuple():
            return [_value(item, look_up) for item in node.elts]
        case ast.BoolOp():
            values = (bool(_value(item, look_up)) for item in node.values)
            return all(values) if isinstance(node.op, ast.And) else any(values)
        case ast.UnaryOp():
            return _SIGNS[type(node.op)](_value(node.operand, look_up))
        case ast.BinOp():
            return _arithmetic(
                node.op, _number(_value(node.left, look_up)), _number(_value(node.right, look_up))
            )
        case ast.Compare():
            return _compared(node, look_up)
    raise ConfigError(f"{ast.unparse(node)!r} is not allowed")  # parse() lets nothing else through


def _compared(node: ast.Compare, look_up: Callable[[str], Any]) -> bool:
    """Return whether all comparisons of a chain such as 1 < x <= 3 hold, stopping at the first."""
    left = _value(node.left, look_up)
    for op, item in zip(node.ops, node.comparators, strict=True):
        right = _value(item, look_up)
        if not _COMPARISONS[type(op)](left, right):
            return False
        left = right
    return True


def _arithmetic(op: ast.operator, left: float, right: float) -> float:
    too_large = abs(right) > LARGEST_EXPONENT or abs(left) > LARGEST_BASE
    if isinstance(op, ast.Pow) and too_large:
        raise ArithmeticError(f"{left} ** {right} is too large")
    result = _ARITHMETIC[type(op)](left, right)
    if isinstance(result, complex):
        raise ArithmeticError(f"{left} ** {right} is not a real number")  # noqa: TRY004  a value fault
    return float(result) if isinstance(result, float) or abs(result) > 1e18 else int(result)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is not a number")
    return value


_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: lambda value: -_number(value),
    ast.UAdd: _number,
}
