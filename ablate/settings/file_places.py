"""The places of YAML, JSON, INI and TOML files: dotted keys; `parts.0.k` is in a list."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

import yaml

Entry = tuple[str, tuple[int, int]]  # key; where its value stands, in characters
_COMMENT: Final = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|#[^\n]*', re.DOTALL)
_HEADER: Final = re.compile(r"^\s*\[\[?\s*([^\[\]]+?)\s*\]?\]\s*(?:[#;].*)?$")
_ENTRY: Final = re.compile(r"""^\s*["']?([^=:"'\[#;]+?)["']?\s*[=:]\s*(.*?)\s*$""")
_QUOTED: Final = re.compile(r"""("(?:\\.|[^"\\])*"|'[^']*')(?=\s*(?:[#;].*)?$)""")


def entries(text: str, name: str) -> list[Entry]:
    """Return the keys of a settings file with the places of their values, in the order of lines.

    Args:
        text: The file.
        name: Its name, whose ending says what it is.

    Raises:
        ValueError: It cannot be read as that; the text says why.
    """
    if PurePosixPath(name).suffix not in (".yaml", ".yml", ".json"):
        return list(_line_entries(text))
    plain = text
    if name.endswith(".json"):  # with comments, as many training scripts take it
        plain = _COMMENT.sub(_blank, text).replace("\t", " ")
    try:
        root = yaml.compose(plain, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(str(error).split("\n", 1)[0]) from None
    return list(_nodes(root, ""))


def _nodes(node: yaml.Node | None, prefix: str) -> Iterator[Entry]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            at = f"{prefix}{key.value}"
            yield at, (value.start_mark.index, value.end_mark.index)
            yield from _nodes(value, f"{at}.")
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield f"{prefix}{index}", (value.start_mark.index, value.end_mark.index)
            yield from _nodes(value, f"{prefix}{index}.")


def _line_entries(text: str) -> Iterator[Entry]:
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
