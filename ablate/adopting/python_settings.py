"""Settings in Python files: flags of argparse, constants, and numbers in losses and calls."""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ablate.adopting.flow import Flow
from ablate.adopting.paths import pattern
from ablate.adopting.repository import Python
from ablate.adopting.roles import NEVER_WEIGHT, VARIED, Role, role_of
from ablate.adopting.setting import NOTHING, Setting, is_weighing, literal, role_in_program
from ablate.numbers import is_number
from ablate.settings.command import Place
from ablate.settings.python_places import CLASS_LIKE, PythonPlace, dotted, flags, named


def of_flags(file: Python, traced: Flow, *, is_script: bool) -> Iterator[Setting]:
    """Yield the flags with a default; those that take no such value are constants.

    Args:
        file: A Python file.
        traced: How the program uses them.
        is_script: Whether it is the file that is run.
    """
    passed_over = () if is_script else _lines_of_main(file)
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Call) or node.lineno in passed_over:
            continue
        if dotted(node.func).rpartition(".")[2] != "add_argument":
            continue
        names = flags(node)
        given = {one.arg: one.value for one in node.keywords}
        if not names or "default" not in given:
            continue
        value = literal(given["default"])
        if value is NOTHING:
            continue
        dest = literal(given["dest"]) if "dest" in given else NOTHING
        name = dest if isinstance(dest, str) else names[0].lstrip("-").replace("-", "_")
        place = Place(kind="flag", at=names[0])
        parts: tuple[tuple[Place, Any], ...] = ()
        if not _takes(given, value):
            place = _constant(file, _place_of(file, given["default"]))
            parts = _parts(file, _place_of(file, given["default"]))
        role = role_in_program(name, value, is_traced=((name,) in traced.weights))
        yield Setting(
            name=name,
            role=role,
            value=value,
            file=file.path,
            line=given["default"].lineno,
            place=place,
            parts=parts,
            is_whole=place.kind == "flag" and dotted(given.get("type", node)) == "int",
            why="" if name in traced.read else "nothing reads it",
        )


def _takes(given: Mapping[str | None, ast.expr], value: Any) -> bool:
    """Return whether a flag takes values such as its default on the command line."""
    kind = dotted(given["type"]) if "type" in given else "str"
    if isinstance(value, bool):
        return False  # type=bool reads every text as true
    if isinstance(value, list | tuple):
        return "nargs" in given and kind in ("int", "float", "str")
    if isinstance(value, float):
        return kind not in ("int", "bool")
    return kind != "bool"


def used_names(files: Iterable[Python]) -> set[tuple[str, str]]:
    """Return file and name of the functions and classes that something outside of them names."""
    files = list(files)
    named_by: dict[str, set[tuple[str, str]]] = {}
    for file in files:
        for statement in file.tree.body:
            own = statement.name if isinstance(statement, CLASS_LIKE) else ""
            for node in ast.walk(statement):
                for name in _named_in(node):
                    named_by.setdefault(name, set()).add((file.path, own))
    return {
        (file.path, one.name)
        for file in files
        for one in file.tree.body
        if isinstance(one, CLASS_LIKE) and named_by.get(one.name, set()) - {(file.path, one.name)}
    }


def _named_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.ImportFrom):
        yield from (one.name for one in node.names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value  # getattr(module, "TrainF")


def _lines_of_main(file: Python) -> set[int]:
    """Return the lines that run only where a file is the script."""
    return {
        line
        for one in file.tree.body
        if isinstance(one, ast.If) and "__name__" in ast.dump(one.test)
        for line in range(one.lineno, (one.end_lineno or one.lineno) + 1)
    }


def of_constants(
    file: Python, traced: Flow, used: Collection[tuple[str, str]], *, is_script: bool
) -> Iterator[Setting]:
    """Yield what is written out in a file and has a role.

    Args:
        file: A Python file.
        traced: How the program uses its names.
        used: File and name of what something else names.
        is_script: Whether it is the file that is run.
    """
    passed_over = () if is_script else _lines_of_main(file)
    in_lists = _inside_lists(file)
    grown = {(one.scope, one.name) for one in file.places if one.form == "change"}
    for one in file.places:
        is_dead = (
            one.scope and _is_top(file, one.scope[0]) and (file.path, one.scope[0]) not in used
        )
        if one.form in ("flag", "change", "loop") or is_dead or one.value.lineno in passed_over:
            continue
        value = literal(one.value)
        if value is NOTHING:
            yield from _put_together(file, one)
        if value is NOTHING or isinstance(value, bool) or value is None:
            continue
        role = _role_of_place(file, one, value, traced)
        is_start = (one.scope, one.name) in grown and one.form == "variable"  # total = 0
        if not role or (role in VARIED and (one.value in in_lists or is_start)):
            continue
        yield Setting(
            name=_name(one),
            role=role,
            value=value,
            file=file.path,
            line=one.value.lineno,
            place=_constant(file, one),
            parts=_parts(file, one),
            why=_why_not(one, traced),
        )


def _put_together(file: Python, one: PythonPlace) -> Iterator[Setting]:
    """Yield a folder that is joined of parts, with `*` for those that are not known."""
    if one.form not in ("variable", "attribute") or not isinstance(one.value, ast.Call | ast.BinOp):
        return
    path = pattern(one.value, {}, file)
    role = role_of(one.name, path.replace("*", "x")) if "/" in path else ""
    if role in ("data", "output") and re.match(r"[A-Za-z]", path):
        yield Setting(
            name=one.name, role=role, value=path, file=file.path, line=one.value.lineno, place=None
        )


def _is_top(file: Python, name: str) -> bool:
    return any(isinstance(one, CLASS_LIKE) and one.name == name for one in file.tree.body)


def _why_not(one: PythonPlace, traced: Flow) -> str:
    is_lost = one.form == "attribute" and one.scope and one.name not in traced.read
    return "nothing reads it" if is_lost and one.name.isidentifier() else ""


def _inside_lists(file: Python) -> set[ast.expr]:
    """Return what stands in lists of literals, which are settings as a whole."""
    return {
        node
        for one in file.places
        if isinstance(one.value, ast.List | ast.Tuple) and literal(one.value) is not NOTHING
        for node in ast.walk(one.value)
        if isinstance(node, ast.expr) and node is not one.value
    }


def _role_of_place(file: Python, one: PythonPlace, value: Any, traced: Flow) -> Role:
    if one.form == "product":
        is_sign = value == -1
        return "loss weight" if one.value in traced.numbers and not is_sign else ""
    if one.form == "argument" and isinstance(value, str):
        called = one.key.split(".")[-2]
        is_read = re.search("data|load|glob|listdir|list_im|h5", called, re.IGNORECASE)
        return "data" if is_read and re.search(r"[/\\]|\.h5$", value) else ""
    if one.form in ("keyword", "argument"):
        if one.value in traced.rate_numbers:
            return "learning rate"
        handed = traced.handed.get(one.value, frozenset())
        return "loss weight" if handed & traced.weights and is_weighing(value) else ""
    local = (file.path, *one.scope, one.name)
    names = {local} if one.form == "default" else {local, (one.name,)}
    if one.form == "variable" and one.scope:
        names = {local}
    if names & traced.rates and is_number(value):
        return "learning rate"
    if one.form == "default":
        is_one = is_weighing(value) and not NEVER_WEIGHT.search(one.name)
        return "loss weight" if names & traced.weights and is_one else ""
    return role_in_program(one.name, value, is_traced=bool(names & traced.weights))


def _place_of(file: Python, value: ast.expr) -> PythonPlace:
    return next(one for one in file.places if one.value is value)


def _constant(file: Python, one: PythonPlace) -> Place:
    """Return the place of a study; with `#N` where its key names several."""
    same = named(one.key, file.places)
    key = one.key
    if len(same) > 1 or one not in same:
        every = [other for other in file.places if other.key == key]
        every = same if one in same else every
        key = f"{key}#{every.index(one) + 1}"
    return Place(kind="constant", at=f"{file.path}:{key}")


def _parts(file: Python, one: PythonPlace) -> tuple[tuple[Place, Any], ...]:
    """Return the places of the numbers of a list that is written out."""
    if not isinstance(one.value, ast.List | ast.Tuple):
        return ()
    inside = [node for node in ast.walk(one.value) if isinstance(node, ast.expr)]
    found = []
    for other in file.places:
        if other is not one and any(other.value is node for node in inside):
            value = literal(other.value)
            if is_number(value):
                found.append((_constant(file, other), value))
    return tuple(found)


def _name(one: PythonPlace) -> str:
    if one.form == "product":
        return f"weight_of_{one.name.rpartition('.')[2]}"
    if one.form in ("keyword", "argument"):
        called = one.key.split(".")[-2]
        return one.name if one.form == "keyword" else f"{called}_{one.name}"
    return one.name
