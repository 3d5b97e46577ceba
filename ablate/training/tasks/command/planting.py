"""Put values into a copy of somebody's code: at places of Python files, keys of settings files.

Only the text of the value is replaced, at exactly one place; all else keeps its bytes.
"""

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ablate.errors import ConfigError, nearest, one_line
from ablate.settings.command import Place
from ablate.settings.file_places import entries
from ablate.settings.python_places import Span, named, parse, places, spans


def plant(root: Path, place: Place, value: Any) -> None:
    """Write a value into the file of a constant or of a key.

    Args:
        root: Folder of the copy.
        place: Of kind constant, code or file.
        value: A number, text, truth value, null, or a list of these; for code an expression.

    Raises:
        ConfigError: The file is absent, or has no such place, or several, which are all named; or
            the value cannot stand there.
    """
    path = root / place.file
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{place}: the repository has no file {place.file}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{place}: {place.file} cannot be read: {error}") from None
    if place.kind != "file":
        spans, known = constants(text, place)
        written = repr(value) if place.kind == "constant" else _expression(value, place)
    else:
        spans, known = keys(text, place)
        written = _in_file(value, PurePosixPath(place.file).suffix)
    if len(spans) != 1:
        raise ConfigError(_not_one(place, text, spans, known))
    (start, end) = spans[0]
    planted = text[:start] + written + text[end:]
    _check_still_reads(planted, place, written)
    path.unlink()  # a link of the copy stays a link, and its target as it is
    path.write_bytes(planted.encode("utf-8"))


def constants(text: str, place: Place) -> tuple[list[Span], list[str]]:
    """Return where a name stands in Python source, and the names that are assigned there.

    Raises:
        ConfigError: The file is not Python.
    """
    try:
        every = places(parse(text))
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        raise ConfigError(f"{place}: {place.file}:{line}: is not Python 3") from None
    return spans(text, named(place.key, every)), [one.key for one in every]


def keys(text: str, place: Place) -> tuple[list[Span], list[str]]:
    """Return where a dotted key stands in a YAML, JSON, INI or TOML file, and the keys there.

    Raises:
        ConfigError: The file cannot be read as what its name says.
    """
    try:
        every = entries(text, place.file)
    except ValueError as error:
        raise ConfigError(f"{place}: {place.file} cannot be read: {error}") from None
    return [span for key, span in every if key == place.key], [key for key, _ in every]


def _expression(value: Any, place: Place) -> str:
    """Return Python source on one line.

    Raises:
        ConfigError: It is not one expression.
    """
    source = value if isinstance(value, str) else repr(value)
    try:
        return ast.unparse(ast.parse(f"({source}\n)", mode="eval"))
    except (SyntaxError, ValueError, RecursionError) as error:
        why = f"is not an expression of Python ({getattr(error, 'msg', error)})"
        raise ConfigError(f"{place}: {one_line(source, longest=60)} {why}") from None


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


def _check_still_reads(text: str, place: Place, written: str) -> None:
    """Raise ConfigError where a file cannot be read any more, or the value is a part of another."""
    suffix = PurePosixPath(place.file).suffix
    try:
        if place.kind != "file":
            _check_stands(text, place, written)
        elif suffix == ".toml":
            tomllib.loads(text)
        elif suffix in (".ini", ".cfg"):
            configparser.ConfigParser(interpolation=None, strict=False).read_string(text)
    except (SyntaxError, ValueError, configparser.Error) as error:
        why = str(error).split("\n", 1)[0]
        raise ConfigError(f"{place}: {place.file} cannot be read with its value: {why}") from None


def _check_stands(text: str, place: Place, written: str) -> None:
    """Raise ValueError where the place no longer holds just the value: `a + b` in a product."""
    found = named(place.key, places(parse(text)))
    wanted = ast.dump(ast.parse(written, mode="eval").body)
    if len(found) != 1 or ast.dump(found[0].value) != wanted:
        raise ValueError("there a number or a text has to stand; name the whole value")


def _not_one(place: Place, text: str, spans: Sequence[Span], known: Sequence[str]) -> str:
    is_python = place.kind != "file"
    if not spans:
        what = "name" if is_python else "key"
        return f"{place}: {place.file} has no such {what}; {nearest(place.key, known)}"
    lines = ", ".join(
        f"{place.file}:{text.count(chr(10), 0, start) + 1} ({text[start:end][:30]})"
        for start, end in spans
    )
    what = "is assigned" if is_python else "stands"
    fix = f"append #1 to #{len(spans)}, or use a patch" if is_python else "name another"
    text = f"{what} at {len(spans)} places: {lines}"
    return f"{place}: {text}; it must be one: {fix}"
