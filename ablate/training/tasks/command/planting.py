"""Put values into a copy of somebody's code: constants of Python files, keys of settings files.

Only the text of the value is replaced, at exactly one place; all else keeps its bytes.
"""

import configparser
import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ablate.errors import ConfigError, nearest
from ablate.settings.command import Place
from ablate.settings.file_places import entries
from ablate.settings.python_places import Span, named, parse, places, spans


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
            parse(text)
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
    fix = f"append #1 to #{len(spans)}, or use a patch" if is_python else "name another"
    text = f"{what} at {len(spans)} places: {lines}"
    return f"{place}: {text}; it must be one: {fix}"
