"""What a word such as `data=msrs` or `phases.compare.seeds=3` on the command line means."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ablate.config.errors import Errors, short
from ablate.config.study_file import StudyEntry
from ablate.errors import nearest

SECTIONS = ("task", "data", "model", "loss", "train", "metrics")
GROUPS = ("task", "data", "model", "loss", "train", "executor")
NAMED = ("task", "data", "model", "executor")  # sections whose `name` chooses their defaults
MAPPINGS = ("questions", "factors", "nuisance", "phases", "space.dimensions", "space.constraints")
THERE_ANYWAY = {"nuisance": ("learning_rate", "gradient_weight")}
TOP = tuple(StudyEntry.model_fields)
ALIASES = {"dimensions": "space.dimensions", "constraints": "space.constraints"}
SPACE_GROUP = "search_spaces@space"

_WORD = re.compile(r"(?P<mark>\+\+|\+|~)?(?P<key>[^=+~\s][^=]*?)(?:=(?P<value>.*))?", re.DOTALL)
_KEY = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*")
_PLAIN = re.compile(r"[\w.+\-]+")
_SPACES = re.compile(r"\[?\s*\w[\w./-]*(\s*,\s*\w[\w./-]*)*\s*\]?", re.ASCII)
_CLOSED = ("[", "{", '"', "'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Overrides sorted by what they do; `settings` and `others` are in Hydra's grammar."""

    choices: Mapping[str, str] = field(default_factory=dict)  # section -> group file
    settings: tuple[str, ...] = ()  # into base.* and executor.*
    others: tuple[str, ...] = ()  # into the study file
    space: str | None = None
    faults: tuple[str, ...] = ()  # words that say nothing that can be overridden


def read(words: Sequence[str], *, study: Mapping[str, Any]) -> Overrides:
    """Return the overrides, sorted; `study` is the composed file they will be laid over."""
    faults = Errors("override")
    choices: dict[str, str] = {}
    settings: list[str] = []
    others: list[str] = []
    space = None
    for word in words:
        match = _WORD.fullmatch(str(word).strip())
        if match is None or (match["value"] is None and match["mark"] != "~"):
            faults.add("", f"{word!r} is not an override; write key=value, for example data=msrs")
            continue
        mark, value = match["mark"] or "", (match["value"] or "").strip()
        written = match["key"].strip()
        if written in ("space", SPACE_GROUP, f"/{SPACE_GROUP}") and not value.startswith("{"):
            if names_spaces(value):
                space = value
            else:
                text = f"{short(value)} names no space; write space=NAME or space=[A,B]"
                faults.add(written, text)
            continue
        key = _full(written)
        if not _allowed(faults, written, key=key, mark=mark, study=study):
            continue
        section = key.removeprefix("base.")
        if mark != "~" and section in GROUPS and not value.startswith("{"):
            choices[section] = value.strip("'\"")
        elif mark != "~" and section in {f"{name}.name" for name in NAMED}:
            choices[section.partition(".")[0]] = value.strip("'\"")
        elif mark == "~":
            others.append(f"~{key}")
        elif key.startswith(("base.", "executor")):
            settings.append(f"++{key}={quoted(value)}")
        else:
            others.append(f"++{key}={quoted(value)}")
    return Overrides(
        choices=choices,
        settings=tuple(settings),
        others=tuple(others),
        space=space,
        faults=tuple(faults.lines),
    )


def names_spaces(value: str) -> bool:
    """Return whether a text is the name of a space or a list of such names, and nothing else."""
    return _SPACES.fullmatch(value) is not None and ".." not in value


def quoted(value: str) -> str:
    """Return a value that Hydra reads as YAML would: texts with any character need no quotes.

    Example:
        >>> quoted("[1, 2]"), quoted("1e-3"), quoted("postgresql://u@h/d?x=y")
        ('[1, 2]', '1e-3', "'postgresql://u@h/d?x=y'")
    """
    if value.startswith(_CLOSED) or _PLAIN.fullmatch(value):
        return value
    ends = len(value) - len(value.rstrip("\\"))
    value = value + "\\" * ends  # Hydra halves the backslashes before a quote only
    return "'" + value.replace("'", "\\'") + "'"


def _full(key: str) -> str:
    """Return the key inside the study file: `data.root` means `base.data.root`."""
    first, dot, rest = key.partition(".")
    if first in SECTIONS:
        return f"base.{key}"
    return f"{ALIASES[first]}{dot}{rest}" if first in ALIASES else key


def _allowed(
    faults: Errors, written: str, *, key: str, mark: str, study: Mapping[str, Any]
) -> bool:
    before = len(faults.lines)
    first, _, rest = key.partition(".")
    known: Collection[str] = (*TOP, *SECTIONS, *ALIASES)
    if any(part.startswith("_") for part in key.split(".")):
        faults.add(written, "names with a leading underscore are refused; YAML never names code")
    elif not _KEY.fullmatch(key):
        faults.add(written, "is not a usable key; write key=value, for example data=msrs")
    elif first not in TOP:
        faults.add(written, f"no such setting; {nearest(first, known)}")
    elif first == "base" and rest.partition(".")[0] not in SECTIONS:
        faults.add(written, f"no such section; {nearest(rest.partition('.')[0], SECTIONS)}")
    elif mark == "~" and first in ("base", "executor", "store"):
        faults.add(written, "a setting cannot be removed; give it another value")
    else:
        _entry(faults, written, key, mark, study)
    return len(faults.lines) == before


def _entry(faults: Errors, written: str, key: str, mark: str, study: Mapping[str, Any]) -> None:
    """Enter a fault where the key names no dimension, factor, phase, ... that the study has."""
    for mapping in MAPPINGS:
        if not key.startswith(f"{mapping}."):
            continue
        name = key.removeprefix(f"{mapping}.").partition(".")[0]
        have: Any = study
        for part in mapping.split("."):
            have = have.get(part) if isinstance(have, Mapping) else None
        have = [*(have if isinstance(have, Mapping) else ()), *THERE_ANYWAY.get(mapping, ())]
        if name not in have and "+" not in mark:
            faults.add(
                written,
                f"{mapping.rpartition('.')[2]} has no {short(name)}; {nearest(name, have)} "
                f"(+{written}=... adds one)",
            )
