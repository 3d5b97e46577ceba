"""The settings of a repository: flags, constants, numbers in losses, keys of settings files."""

import ast
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import yaml

from ablate.adopting.flow import Flow, flow
from ablate.adopting.paths import pattern
from ablate.adopting.repository import Python, Repository
from ablate.adopting.roles import NEVER_WEIGHT, NO_WEIGHT, VARIED, Role, is_weight, role_of
from ablate.adopting.scripts import Script
from ablate.numbers import is_number
from ablate.settings.command import Place
from ablate.settings.file_places import entries
from ablate.settings.python_places import CLASS_LIKE, PythonPlace, dotted, flags, named

_NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_NOTHING: Final = object()  # a value that is no literal


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


def settings(repository: Repository, script: Script) -> list[Setting]:
    """Return the settings that a script reads, in the order of files and lines."""
    traced = flow(script.reached.values())
    used = _used(script.reached.values())
    found: list[Setting] = []
    for file in script.reached.values():
        found += _of_flags(file, traced)
        found += _of_constants(file, traced, used, is_script=file.path == script.path)
    configs = config_files(repository, script)
    hydra = _hydra_keys(repository, script)
    for path in configs:
        found += _of_file(path, repository.settings[path], traced, hydra.get(path))
    return sorted(_once(found), key=lambda one: (one.file, one.line))


def config_files(repository: Repository, script: Script) -> list[str]:
    """Return the settings files that a script reads, the one that it reads by default first."""
    hydra = list(_hydra_keys(repository, script))
    named_by = [word.partition("=")[2] or word for word in script.words]
    quoted = [word for word in re.split(r"[\s=]+", repository.about) if "." in word]
    texts = [
        node.value
        for file in script.reached.values()
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    here = PurePosixPath(script.path).parent
    found = list(hydra)
    for word in (*named_by, *texts, *quoted):
        for path in (word.removeprefix("./"), str(here / word)):
            if path in repository.settings and path not in found and "\n" not in word:
                found.append(path)
    return found


def _of_flags(file: Python, traced: Flow) -> Iterator[Setting]:
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Call) or dotted(node.func).rpartition(".")[2] != "add_argument":
            continue
        names = flags(node)
        given = {one.arg: one.value for one in node.keywords}
        if not names or "default" not in given:
            continue
        value = literal(given["default"])
        if value is _NOTHING:
            continue
        dest = literal(given["dest"]) if "dest" in given else _NOTHING
        name = dest if isinstance(dest, str) else names[0].lstrip("-").replace("-", "_")
        place = Place(kind="flag", at=names[0])
        parts: tuple[tuple[Place, Any], ...] = ()
        if not _takes(given, value):
            place = _constant(file, _place_of(file, given["default"]))
            parts = _parts(file, _place_of(file, given["default"]))
        role = _role(name, value, is_traced=((name,) in traced.weights))
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


def _used(files: Iterable[Python]) -> set[tuple[str, str]]:
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


def _of_constants(
    file: Python, traced: Flow, used: Collection[tuple[str, str]], *, is_script: bool
) -> Iterator[Setting]:
    passed_over = () if is_script else _lines_of_main(file)
    for one in file.places:
        is_dead = (
            one.scope and _is_top(file, one.scope[0]) and (file.path, one.scope[0]) not in used
        )
        if one.form in ("flag", "change") or is_dead or one.value.lineno in passed_over:
            continue
        value = literal(one.value)
        if value is _NOTHING:
            yield from _put_together(file, one)
        if value is _NOTHING or isinstance(value, bool) or value is None:
            continue
        role = _role_of_place(file, one, value, traced)
        if not role or (one.within and _list_of(file, one) and role in VARIED):
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


def _list_of(file: Python, one: PythonPlace) -> bool:
    """Return whether a place is an entry of a list, whose places its list names."""
    return one.key.rpartition(".")[2].isdigit()


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
    return _role(one.name, value, is_traced=bool(names & traced.weights))


def _role(name: str, value: Any, *, is_traced: bool) -> Role:
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
    """Return the value that an expression writes out, `_NOTHING` where it does not."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NOTHING
    return value if isinstance(value, str | int | float | list | tuple | None) else _NOTHING


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


def _of_file(
    path: str, text: str, traced: Flow, hydra: Mapping[str, str] | None
) -> Iterator[Setting]:
    try:
        every = entries(text, path)
    except ValueError:
        return
    for key, (start, end) in every:
        value = _read_value(text[start:end], path)
        name = key.rpartition(".")[2]
        if name.isdigit() or value is _NOTHING or isinstance(value, bool | dict):
            continue
        in_loss = "loss" in key.lower().rpartition(".")[0] and not NO_WEIGHT.search(name)
        is_traced = (name,) in traced.weights
        role = _role(name, value, is_traced=(is_traced and not NO_WEIGHT.search(name)) or in_loss)
        at = Place(kind="file", at=f"{path}:{key}")
        place = Place(kind="hydra", at=hydra[key]) if hydra and key in hydra else at
        yield Setting(
            name=key,
            role=role,
            value=value,
            file=path,
            line=text.count("\n", 0, start) + 1,
            place=place,
        )


def _read_value(text: str, path: str) -> Any:
    """Return the value that stands in a settings file."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text)
    try:
        value = json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError):
        return _NOTHING
    if isinstance(value, list):
        value = [_as_number(one) for one in value]
    return value if isinstance(value, str | int | float | list | dict) else _NOTHING


def _as_number(value: Any) -> Any:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)  # YAML 1.1 reads 1e-4 as a text
    return value


def _hydra_keys(repository: Repository, script: Script) -> dict[str, dict[str, str]]:
    """Return settings file -> key -> key of an override, of the files that @hydra.main composes."""
    for file in script.reached.values():
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Call) and dotted(node.func) in ("hydra.main", "main"):
                given = {one.arg: literal(one.value) for one in node.keywords}
                folder, name = given.get("config_path", ""), given.get("config_name")
                if isinstance(name, str):
                    at = PurePosixPath(file.path).parent / (
                        folder if isinstance(folder, str) else ""
                    )
                    return _composed(repository, at, name.removesuffix(".yaml"))
    return {}


def _composed(
    repository: Repository, folder: PurePosixPath, name: str
) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    todo = [(f"{name}.yaml", "")]
    while todo:
        inner, prefix = todo.pop(0)
        path = str(folder / inner)
        if path in found or path not in repository.settings:
            continue
        text = repository.settings[path]
        try:
            keys = [key for key, _ in entries(text, path)]
            defaults = (yaml.safe_load(text) or {}).get("defaults", [])
        except (ValueError, yaml.YAMLError, AttributeError):
            continue
        at = "" if "@package _global_" in text[:200] else prefix
        found[path] = {key: f"{at}{key}" for key in keys if not key.startswith("defaults")}
        for one in defaults if isinstance(defaults, list) else []:
            if isinstance(one, Mapping):
                for group, chosen in one.items():
                    group = str(group).removeprefix("override ").strip("/").partition("@")[0]
                    todo.append((f"{group}/{chosen}.yaml", f"{group.replace('/', '.')}."))
            elif isinstance(one, str) and one != "_self_":
                todo.append((f"{one.strip('/')}.yaml", prefix))
    return found


def _once(found: Iterable[Setting]) -> list[Setting]:
    """Leave out what stands twice at one place, such as a list and its entries."""
    seen: dict[tuple[str, int, str], Setting] = {}
    for one in found:
        seen.setdefault((one.file, one.line, str(one.place)), one)
    return list(seen.values())
