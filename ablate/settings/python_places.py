"""The places of Python source in which a value can be put, each with the key that names it.

A study names such a place as {constant: "FILE:KEY"}:

    lr                              a variable of the module
    Args.lr, train.lr               of a class, of a function; also `self.lr` and `args.lr`
    config.loss.alpha, weights.0    an entry of a dictionary or list that is written out
    CUDA_VISIBLE_DEVICES            what is put into os.environ
    options.--lr                    the default of a flag, in the function `options`
    train.lr                        the default of a parameter, where no variable is called so
    train.epoch                     what the loop over `epoch` goes through, likewise
    main.Adam.lr                    a keyword of a call of Adam, in the function `main`
    main.Adam.1                     its second argument, where that is a number or a text
    Loss.forward.total*loss_grad    the number that `loss_grad` is multiplied by in `total`
    Loss.forward.return*ssim        the same in what is returned

What has several places is told apart by `#1`, `#2`, ... behind the key, in the order of lines.
"""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

Span = tuple[int, int]  # in characters
CLASS_LIKE: Final = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
RETURNED: Final = "return"


Form = Literal[
    "variable", "attribute", "default", "loop", "flag", "keyword", "argument", "product", "change"
]
WEAK: Final = ("default", "loop")  # where nothing is assigned to the name


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonPlace:
    """One place.

    Args:
        key: As a study names it, without `#1`.
        name: The variable, attribute, parameter, keyword or entry, the flag, the factor.
        value: What stands there.
        form: attribute: of an object or class, an entry of a dictionary, or of os.environ;
            change: what a variable is changed by, as in `total += 2`.
        scope: Classes and functions around it, outermost first.
        within: Whether it is a part of a list or dictionary that is a place itself.
    """

    key: str
    name: str
    value: ast.expr
    form: Form
    scope: tuple[str, ...] = ()
    within: bool = False


def parse(text: str) -> ast.Module:
    """Return the tree of Python source.

    Raises:
        SyntaxError, ValueError, RecursionError: It is not Python 3.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes such as "model\\EMMA"
        return ast.parse(text)


def places(tree: ast.Module) -> list[PythonPlace]:
    """Return all places, in the order of lines."""
    found = list(_of_scope(tree.body, ()))
    return sorted(found, key=lambda one: (one.value.lineno, one.value.col_offset))


def named(key: str, every: Sequence[PythonPlace]) -> list[PythonPlace]:
    """Return the places that a key names; one where it ends in `#N`."""
    key, _, number = key.partition("#")
    found = [one for one in every if one.key == key]
    found = [one for one in found if one.form not in WEAK] or found
    if number:
        at = int(number) if number.isdigit() else 0
        return found[at - 1 : at] if at >= 1 else []
    return found


def spans(text: str, found: Sequence[PythonPlace]) -> list[Span]:
    """Return where the values of places stand in their source."""
    lines = _Lines(text)
    return [lines.span(one.value) for one in found]


def statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements of a scope, those inside if, for, while, with, try and match among them."""
    for one in body:
        yield one
        if not isinstance(one, CLASS_LIKE):
            for part in ("body", "orelse", "finalbody"):
                yield from statements(getattr(one, part, []))
            for part in ("handlers", "cases"):
                for inner in getattr(one, part, []):
                    yield from statements(inner.body)


def expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """Yield the expressions of one statement, without those of statements inside it."""
    todo = [statement] if not isinstance(statement, CLASS_LIKE) else []
    while todo:
        for child in ast.iter_child_nodes(todo.pop()):
            if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
                continue
            if isinstance(child, ast.expr):
                yield child
            todo.append(child)  # type: ignore[arg-type]


def bindings(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """Yield name and value of what a statement assigns; `return` is the name of what it returns."""
    for target, value in _targets(statement):
        yield _target_name(target), value
    if isinstance(statement, ast.Return) and statement.value is not None:
        yield RETURNED, statement.value


def defaults(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """Yield parameter and default."""
    of = function.args
    plain = [*of.posonlyargs, *of.args]
    if of.defaults:
        yield from (
            (one.arg, value)
            for one, value in zip(plain[-len(of.defaults) :], of.defaults, strict=True)
        )
    for one, value in zip(of.kwonlyargs, of.kw_defaults, strict=True):
        if value is not None:
            yield one.arg, value


def dotted(node: ast.AST) -> str:
    """Return a name such as `self.loss.ssim`; a call and an index as what is called or indexed."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{before}.{node.attr}" if (before := dotted(node.value)) else node.attr
    if isinstance(node, ast.Call):
        return dotted(node.func)
    return dotted(node.value) if isinstance(node, ast.Subscript) else ""


def is_number_written(node: ast.AST) -> bool:
    """Return whether a number stands there, with or without a sign."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        node = node.operand
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def products(value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield number and factor of the products in an expression that hold a number."""
    for node in ast.walk(value):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            for number, factor in ((node.left, node.right), (node.right, node.left)):
                if is_number_written(number) and not is_number_written(factor):
                    yield number, factor


def term(factor: ast.expr) -> str:
    """Return how a factor is called in a key: the first call in it, else the first name."""
    if found := dotted(factor):
        return found
    inner = [node for node in ast.walk(factor) if dotted(node)]
    calls = [node for node in inner if isinstance(node, ast.Call)]
    return dotted((calls or inner)[0]) if inner else ""


def _of_scope(
    body: Sequence[ast.stmt], scope: tuple[str, ...], *, is_class: bool = False
) -> Iterator[PythonPlace]:
    at = "".join(f"{name}." for name in scope)
    for one in statements(body):
        for place in _of_statement(one, at, scope):
            is_member = is_class and place.form == "variable"
            yield replace(place, form="attribute") if is_member else place
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            for name, value in defaults(one):
                yield from _inside(
                    f"{at}{one.name}.{name}", name, value, "default", (*scope, one.name)
                )
        if isinstance(one, CLASS_LIKE):
            inner = (*scope, one.name)
            yield from _of_scope(one.body, inner, is_class=isinstance(one, ast.ClassDef))


def _of_statement(statement: ast.stmt, at: str, scope: tuple[str, ...]) -> Iterator[PythonPlace]:
    """Yield what is assigned, the numbers of products, and what is handed to calls."""
    for target, value in _targets(statement):
        name = _target_name(target)
        form: Form = "variable" if isinstance(target, ast.Name) else "attribute"
        form = "change" if isinstance(statement, ast.AugAssign) else form
        yield from _inside(f"{at}{name}", name, value, form, scope)
    if isinstance(statement, ast.For) and (name := _target_name(statement.target)):
        yield from _inside(f"{at}{name}", name, statement.iter, "loop", scope)
    for name, value in bindings(statement):
        for number, factor in products(value):
            if of := term(factor):
                yield PythonPlace(
                    key=f"{at}{name}*{of}", name=of, value=number, form="product", scope=scope
                )
    for node in expressions(statement):
        if isinstance(node, ast.Call):
            yield from _of_call(node, at, scope)


def _of_call(call: ast.Call, at: str, scope: tuple[str, ...]) -> Iterator[PythonPlace]:
    """Yield keywords of a call, arguments that are written out, and the default of a flag."""
    called = dotted(call.func).rpartition(".")[2]
    for one in call.keywords:
        if called == "add_argument" and one.arg == "default":
            for flag in flags(call):
                yield from _inside(f"{at}{flag}", flag, one.value, "flag", scope)
        elif one.arg and called:
            yield from _inside(f"{at}{called}.{one.arg}", one.arg, one.value, "keyword", scope)
    for index, value in enumerate(call.args):
        is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
        if called and (is_text or is_number_written(value)):
            key = f"{at}{called}.{index}"
            yield PythonPlace(key=key, name=str(index), value=value, form="argument", scope=scope)


def flags(call: ast.Call) -> list[str]:
    """Return the names of a flag, those with two dashes first."""
    words = [one.value for one in call.args if isinstance(one, ast.Constant)]
    found = [word for word in words if isinstance(word, str) and word.startswith("-")]
    return sorted(found, key=lambda word: not word.startswith("--"))


def _inside(
    key: str,
    name: str,
    value: ast.expr,
    form: Form,
    scope: tuple[str, ...],
    *,
    within: bool = False,
) -> Iterator[PythonPlace]:
    """Yield a place, and those of the entries of a dictionary or list that is written out."""
    yield PythonPlace(key=key, name=name, value=value, form=form, scope=scope, within=within)
    if isinstance(value, ast.List | ast.Tuple):
        for index, one in enumerate(value.elts):
            yield from _inside(f"{key}.{index}", name, one, form, scope, within=True)
    for entry, one in _entries(value):
        yield from _inside(f"{key}.{entry}", entry, one, "attribute", scope, within=True)


def _entries(value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Yield key and value of a dictionary that is written out."""
    if isinstance(value, ast.Call) and getattr(value.func, "id", "") == "dict":
        yield from ((one.arg, one.value) for one in value.keywords if one.arg)
    elif isinstance(value, ast.Dict):
        for name, one in zip(value.keys, value.values, strict=True):
            if isinstance(name, ast.Constant):
                yield str(name.value), one


def _targets(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield target and value of what a statement assigns, those of tuples one by one."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield from _bound(target, statement.value)
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign) and statement.value is not None:
        yield from _bound(statement.target, statement.value)


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        for one, part in zip(target.elts, value.elts, strict=False):
            yield from _bound(one, part)
    elif _target_name(target):
        yield target, value


def _target_name(target: ast.expr) -> str:
    """Return the name of a variable or attribute, or what is put into os.environ."""
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute):
        return target.attr  # args.lr = ...
    if (
        isinstance(target, ast.Subscript)
        and isinstance(target.slice, ast.Constant)
        and isinstance(target.value, ast.Attribute)
        and target.value.attr == "environ"
    ):
        return str(target.slice.value)  # os.environ["NAME"] = ...
    return ""


class _Lines:
    """From the lines and byte columns of `ast` to characters of the text."""

    def __init__(self, text: str) -> None:
        self._lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def span(self, node: ast.expr) -> Span:
        end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._at(node.lineno, node.col_offset), self._at(*end)

    def _at(self, line: int, byte: int) -> int:
        before = self._lines[line - 1].encode("utf-8")[:byte].decode("utf-8")
        return self._starts[line - 1] + len(before)
