"""YAML files before anything composes them: bounded, without aliases that swell, without code.

Hydra loads what a defaults list names, from any folder it can reach, and a header can move a file's
content. So every file passes here first, those that hydra loads by itself included.
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ablate.config.errors import short
from ablate.errors import ConfigError

LARGEST_BYTES = 200_000
LONGEST_TEXT = 2_000
MOST_VALUES = 5_000  # aliases counted as often as they stand; a study has about 200
DEEPEST = 30
LARGEST_WHOLE = 2**63 - 1
GROUPS = ("search_spaces", "task", "data", "model", "loss", "train", "executor")
_HEADER = "@package _global_"
_NAME = r"\w[\w.-]*"  # so neither .. nor an absolute path
_CONFIG = re.compile(rf"/?{_NAME}(/{_NAME})*(@(?P<package>{_NAME}))?", re.ASCII)
_VALUE = re.compile(rf"{_NAME}(/{_NAME})*", re.ASCII)
_PACKAGE = re.compile(r"space|base(\.[a-z]+)?|executor|_here_")


def read(file: Path, *, where: str) -> dict[str, Any]:
    """Return the mapping that a YAML file holds.

    Args:
        file: The file.
        where: It, as messages show it.

    Raises:
        ConfigError: It cannot be read, is not a mapping of plain values, is larger or deeper than
            any study, or its defaults name what no study may name.
    """
    if file.stem == "trial":
        raise ConfigError(f"{where}: 'trial' is the name of the packaged defaults; rename the file")
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_BYTES + 1)
    except OSError as error:
        text = f"{error.strerror or error}; check path and rights"
        raise ConfigError(f"{where}: cannot be read: {text}") from None
    if len(content) > LARGEST_BYTES:
        raise ConfigError(f"{where}: is larger than {LARGEST_BYTES // 1000} kB; is it a study?")
    raw, fault = parse(content, is_member=file.parent.name in GROUPS)
    if fault:
        raise ConfigError(f"{where}: {fault}")
    return raw


def name_fault(name: Any) -> str | None:
    """Return why a defaults list must not name a file so, None when it may."""
    if isinstance(name, str) and len(name) <= 200 and _VALUE.fullmatch(name):
        return None
    return f"{short(name)} cannot name a file; use letters, digits, . _ - and / between folders"


@functools.lru_cache(maxsize=64)
def parse(content: bytes, *, is_member: bool = False) -> tuple[dict[str, Any], str]:
    """Return the mapping of a YAML text, and what is wrong with it ("" when nothing is).

    Args:
        content: The file.
        is_member: It lies in a folder of spaces or presets, where no header belongs.
    """
    try:
        text = content.decode("utf-8")
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        fault = _header_fault(text, is_member=is_member) or _graph_fault(root)
        raw = None if fault or root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        return {}, f"line {line}: is not YAML: {error.problem}; correct that line"
    except (ValueError, yaml.YAMLError) as error:
        return {}, f"cannot be read: {' '.join(str(error).split())}; write it anew as plain YAML"
    except RecursionError:
        return {}, f"is nested deeper than {DEEPEST} levels; write it flatter"
    if fault:
        return {}, fault
    if not isinstance(raw, dict):
        return {}, f"must be a mapping such as 'title: ...', got {type(raw).__name__}"
    if "hydra" in raw:
        return {}, "hydra: settings of hydra do not belong here; remove them"
    fault = next(_value_faults(raw), "") or next(_defaults_faults(raw.get("defaults")), "")
    return raw, fault


def _header_fault(text: str, *, is_member: bool) -> str:
    for line in text.lstrip("\ufeff").splitlines():
        if line.strip() and not re.match(r"\s*#\s*@", line):
            break
        header = " ".join(line.replace("#", " ").split())
        if header and header != _HEADER:
            return f"the header {short(header)} would move its content; write # {_HEADER}"
        if header and is_member:
            return f"the header {header} belongs to studies only; remove it"
    return ""


def _graph_fault(root: yaml.Node | None) -> str:
    """Return the error in the graph of nodes, in which an alias is a node met again."""
    counts: dict[int, int] = {}
    open_ones: set[int] = set()

    def count(node: yaml.Node, depth: int) -> int:
        if depth > DEEPEST:
            raise yaml.MarkedYAMLError(
                problem=f"is nested deeper than {DEEPEST} levels", problem_mark=node.start_mark
            )
        if isinstance(node, yaml.ScalarNode):
            if len(node.value) > LONGEST_TEXT:
                raise yaml.MarkedYAMLError(
                    problem=f"a text of {len(node.value)} characters, at most {LONGEST_TEXT}",
                    problem_mark=node.start_mark,
                )
            return 1
        if id(node) in open_ones:
            raise yaml.MarkedYAMLError(
                problem="an alias that holds itself", problem_mark=node.start_mark
            )
        if id(node) not in counts:
            open_ones.add(id(node))
            counts[id(node)] = 1 + sum(count(child, depth + 1) for child in _children(node))
            open_ones.discard(id(node))
        return counts[id(node)]

    total = count(root, 0) if root is not None else 0
    if total > MOST_VALUES:
        return f"holds {total} values, aliases written out; a study has at most {MOST_VALUES}"
    return ""


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    for child in node.value if isinstance(node, yaml.CollectionNode) else ():
        yield from child if isinstance(child, tuple) else (child,)


def _value_faults(value: Any) -> Iterator[str]:
    """Yield a fault for a key or a whole number that no setting can be."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, (str, int, float)):
                yield f"{short(key)} cannot be a key; write a text"
            yield from _value_faults(key)
            for fault in _value_faults(item):
                yield f"{key}: {fault}" if fault.startswith("a whole") else f"{key}.{fault}"
    elif isinstance(value, list):
        for item in value:
            yield from _value_faults(item)
    elif isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        yield "a whole number beyond 2**63; write a smaller one"


def _defaults_faults(defaults: Any) -> Iterator[str]:
    """Yield a fault for every entry that leaves the folders or moves content elsewhere."""
    if defaults is None:
        return
    if not isinstance(defaults, list):
        yield f"defaults: must be a list such as [_self_], got {short(defaults)}"
        return
    for entry in defaults:
        if isinstance(entry, dict) and len(entry) == 1:
            key, value = next(iter(entry.items()))
            names = value if isinstance(value, list) else [value]
        else:
            key, names = entry, []
        text = key.removeprefix("optional ") if isinstance(key, str) else ""
        match = _CONFIG.fullmatch(text)
        if match is None or len(text) > 200 or text.lstrip("/").startswith("hydra"):
            yield (
                f"defaults: {short(entry)} is not an entry; write _self_, /search_spaces@space: "
                "NAME or the name of a study beside this one"
            )
        elif match["package"] and not _PACKAGE.fullmatch(match["package"]):
            yield (
                f"defaults: {short(entry)} would put a file under {short(match['package'])}; "
                "spaces go to @space, settings to @base"
            )
        for name in names:
            fault = name_fault(name)
            if fault and match is not None:
                yield f"defaults: {text}: {fault}"
