"""Put values into a copy of somebody's code: constants of Python files, keys of settings files.

Only the text of the value is replaced, at exactly one place; all else keeps its bytes.
"""

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

import yaml

from ablate.errors import ConfigError, nearest
from ablate.settings.command import Place

Span = tuple[int, int]  # of the value, in characters
_COMMENT: Final = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|#[^\n]*', re.DOTALL)
_HEADER: Final = re.compile(r"^\s*\[\[?\s*([^\[\]]+?)\s*\]?\]\s*(?:[#;].*)?$")
_ENTRY: Final = re.compile(r"""^\s*["']?([^=:"'\[#;]+?)["']?\s*[=:]\s*(.*?)\s*$""")
_QUOTED: Final = re.compile(r"""("(?:\\.|[^"\\])*"|'[^']*')(?=\s*(?:[#;].*)?$)""")
_CLASS_LIKE: Final = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def plant(root: Path, place: Place, value: Any) -> None:
    """Write a value into the file of a constant or of a key.

    Args:
        root: Folder of the copy.
        place: Of kind constant or file.
        value: A number, text, truth value, null, or a list of these.

    Raises:
        ConfigError: The file is absent, or has no such place, or several; all of them are named.
    """
    path = root / place.file
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{place}: the repository has no file {place.file}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{place}: {place.file} cannot be read: {error}") from None
    if place.kind == "constant":
        spans, known = constants(text, place)
        written = repr(value)
    else:
        spans, known = keys(text, place)
        written = _in_file(value, PurePosixPath(place.file).suffix)
    if len(spans) != 1:
        raise ConfigError(_not_one(place, text, spans, known))
    (start, end) = spans[0]
    planted = text[:start] + written + text[end:]
    _check_still_reads(planted, place)
    path.unlink()  # a link of the copy stays a link, and its target as it is
    path.write_bytes(planted.encode("utf-8"))


def constants(text: str, place: Place) -> tuple[list[Span], list[str]]:
    """Return where a name is assigned in Python source, and the names that are assigned there.

    `Args.lr` is the attribute of a class or the variable of a function, `config.lr` an entry of a
    dictionary that is written out.

    Raises:
        ConfigError: The file is not Python.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ConfigError(f"{place}: {place.file}:{error.lineno}: is not Python 3") from None
    lines = _Lines(text)
    *outer, last = place.key.split(".")
    bodies: list[Sequence[ast.stmt]] = [tree.body]
    nodes: list[ast.expr] = []
    for name in outer:
        inner = [_entries(value) for body in bodies for value in _assigned(body, name)]
        bodies = [
            one.body
            for body in bodies
            for one in _statements(body)
            if isinstance(one, _CLASS_LIKE) and one.name == name
        ]
        nodes = [entry[last] for entry in inner if last in entry] if name == outer[-1] else []
    nodes += [value for body in bodies for value in _assigned(body, last)]
    known = [name for body in bodies for name in _names(body)] or list(_names(tree.body))
    return [lines.span(node) for node in nodes], known


def keys(text: str, place: Place) -> tuple[list[Span], list[str]]:
    """Return where a dotted key stands in a YAML, JSON, INI or TOML file, and the keys there.

    Raises:
        ConfigError: The file cannot be read as what its name says.
    """
    if PurePosixPath(place.file).suffix not in (".yaml", ".yml", ".json"):
        found = list(_line_entries(text))
    else:
        plain = text
        if place.file.endswith(".json"):  # with comments, as many training scripts take it
            plain = _COMMENT.sub(_blank, text).replace("\t", " ")
        try:
            root = yaml.compose(plain, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            why = str(error).split("\n", 1)[0]
            raise ConfigError(f"{place}: {place.file} cannot be read: {why}") from None
        found = list(_nodes(root, ""))
    return [span for key, span in found if key == place.key], [key for key, _ in found]


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements of a scope, those inside if, for, while, with and try among them."""
    for one in body:
        yield one
        if not isinstance(one, _CLASS_LIKE):
            for part in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(one, part, []))
            for handler in getattr(one, "handlers", []):
                yield from _statements(handler.body)


def _bindings(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Yield name and value of every assignment of a scope."""
    for one in _statements(body):
        if isinstance(one, ast.Assign):
            for target in one.targets:
                yield from _bound(target, one.value)
        elif isinstance(one, ast.AnnAssign | ast.AugAssign) and one.value is not None:
            yield from _bound(one.target, one.value)


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        for one, part in zip(target.elts, value.elts, strict=False):
            yield from _bound(one, part)
    elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        if isinstance(target.value, ast.Attribute) and target.value.attr == "environ":
            yield str(target.slice.value), value  # os.environ["NAME"] = ...
    elif isinstance(target, ast.Attribute):
        yield target.attr, value  # args.lr = ...


def _assigned(body: Sequence[ast.stmt], name: str) -> list[ast.expr]:
    return [value for found, value in _bindings(body) if found == name]


def _entries(value: ast.expr) -> dict[str, ast.expr]:
    """Return key -> value of a dictionary that is written out, {} for anything else."""
    if isinstance(value, ast.Call) and getattr(value.func, "id", "") == "dict":
        return {one.arg: one.value for one in value.keywords if one.arg}
    if not isinstance(value, ast.Dict):
        return {}
    return {
        str(key.value): one
        for key, one in zip(value.keys, value.values, strict=True)
        if isinstance(key, ast.Constant)
    }


def _names(body: Sequence[ast.stmt]) -> Iterator[str]:
    for name, _ in _bindings(body):
        yield name
    for one in _statements(body):
        if isinstance(one, _CLASS_LIKE):
            yield from (f"{one.name}.{name}" for name, _ in _bindings(one.body))


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


def _nodes(node: yaml.Node | None, prefix: str) -> Iterator[tuple[str, Span]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            at = f"{prefix}{key.value}"
            yield at, (value.start_mark.index, value.end_mark.index)
            yield from _nodes(value, f"{at}.")
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield f"{prefix}{index}", (value.start_mark.index, value.end_mark.index)
            yield from _nodes(value, f"{prefix}{index}.")


def _line_entries(text: str) -> Iterator[tuple[str, Span]]:
    """Yield the keys of INI and TOML, as SECTION.KEY."""
    section, start = "", 0
    for line in text.splitlines(keepends=True):
        if header := _HEADER.match(line):
            section = header[1].replace('"', "").strip() + "."
        elif entry := _ENTRY.match(line):
            quoted = _QUOTED.match(entry[2])
            value = quoted[0] if quoted else re.sub(r"\s+[#;].*$", "", entry[2])
            yield (
                f"{section}{entry[1]}",
                (start + entry.start(2), start + entry.start(2) + len(value)),
            )
        start += len(line)


def _blank(match: re.Match[str]) -> str:
    """Return spaces in the place of a comment; texts stay."""
    found = match[0]
    return found if found.startswith('"') else re.sub(r"[^\n]", " ", found)


def _in_file(value: Any, suffix: str) -> str:
    """Return a value as the kind of file writes it."""
    if suffix in (".ini", ".cfg"):
        return " ".join(map(str, value)) if isinstance(value, list) else str(value)
    if suffix == ".toml" and value is None:
        raise ConfigError("null: TOML has no such value; use another one")
    written = json.dumps(value, ensure_ascii=False)
    if suffix in (".yaml", ".yml"):  # YAML 1.1 reads 1e-05 as a text
        written = re.sub(r"(?<![\w.\"])(-?\d+)e", r"\1.0e", written)
    return written


def _check_still_reads(text: str, place: Place) -> None:
    """Raise ConfigError where a file cannot be read any more: the value was not all of its line."""
    suffix = PurePosixPath(place.file).suffix
    try:
        if place.kind == "constant":
            ast.parse(text)
        elif suffix == ".toml":
            tomllib.loads(text)
        elif suffix in (".ini", ".cfg"):
            configparser.ConfigParser(interpolation=None, strict=False).read_string(text)
    except (SyntaxError, ValueError, configparser.Error) as error:
        why = str(error).split("\n", 1)[0]
        raise ConfigError(f"{place}: {place.file} cannot be read with its value: {why}") from None


def _not_one(place: Place, text: str, spans: Sequence[Span], known: Sequence[str]) -> str:
    is_python = place.kind == "constant"
    if not spans:
        what = "name" if is_python else "key"
        return f"{place}: {place.file} has no such {what}; {nearest(place.key, known)}"
    lines = ", ".join(
        f"{place.file}:{text.count(chr(10), 0, start) + 1} ({text[start:end][:30]})"
        for start, end in spans
    )
    what = "is assigned" if is_python else "stands"
    text = f"{what} at {len(spans)} places: {lines}"
    return f"{place}: {text}; it must be one: name another, or use a patch"
