"""Where studies and search spaces lie, and which file a name means."""

import functools
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ablate.errors import ConfigError, UnknownNameError, nearest, one_line
from ablate.homes import expanded

logger = logging.getLogger(__name__)
Kind = Literal["studies", "search_spaces"]
WORDS = {"studies": "study", "search_spaces": "search space"}
TABLES = "tables"  # folder beside the studies with component tables of papers, found by name too
SUFFIXES = (".yaml", ".yml")
LONGEST_PATH, LONGEST_NAME = 1000, 200
STUDY = re.compile(r"[A-Za-z0-9][\w.-]*(@[2-9]|@[1-9][0-9]+)?", re.ASCII)  # no / and no ..


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A file found by name or by path, and the files of the same name that it hides."""

    name: str
    file: Path
    origin: Literal["path", "folder", "packaged"]
    shadows: tuple[Path, ...] = ()


def packaged_root() -> Path:
    """Return the folder that holds the packaged studies/ and search_spaces/."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_packaged"
    return inside if inside.is_dir() else package.parent


def roots(folder: Path | None = None) -> tuple[Path, ...]:
    """Return the folders searched, first wins: the user's (default: the current one), packaged."""
    found = [(folder or Path.cwd()).resolve(), packaged_root()]
    return tuple(dict.fromkeys(found))


def listing(kind: Kind, folder: Path | None = None) -> tuple[Location, ...]:
    """Return every study or space that a name reaches, sorted by name."""
    return tuple(find(kind, name, folder) for name in names(kind, folder))


def names(kind: Kind, folder: Path | None = None) -> tuple[str, ...]:
    """Return the names that reach a study or a space, sorted."""
    return tuple(sorted({file.stem for root in roots(folder) for file in _files(root / kind)}))


def study_name(study: str | Path) -> str:
    """Return the name of a study given by name or path; it is a folder of a store too.

    Raises:
        ConfigError: The name cannot name a study.
    """
    path = Path(study)
    name = path.stem if path.suffix in SUFFIXES else path.name
    if len(name) > LONGEST_NAME or not STUDY.fullmatch(name):
        shown_name = one_line(str(study), longest=60)
        raise ConfigError(f"{shown_name}: cannot name a study; use letters, digits, . _ -")
    return name


def find(kind: Kind, name: str | Path, folder: Path | None = None) -> Location:
    """Return the file that a name or a path means: a path, the user's folder, the packaged one.

    Raises:
        ConfigError: The path is not a file.
        UnknownNameError: No file of that name; the text offers the nearest.
    """
    text = str(name)
    if len(text) > LONGEST_PATH:
        text = one_line(text, longest=60)
        raise ConfigError(f"{text}: longer than any path; name a {WORDS[kind]} or its file")
    if Path(text).suffix in SUFFIXES or isinstance(name, Path) or "/" in text or "\\" in text:
        return _by_path(kind, expanded(text), folder)
    searched = roots(folder)
    files = [file for root in searched for file in _files(root / kind) if file.stem == text]
    if not files:
        raise UnknownNameError(
            f"{kind}/{text}.yaml: no {WORDS[kind]} is called {text!r}; "
            + nearest(text, names(kind, folder))
        )
    first, *hidden = files
    packaged = first.is_relative_to(packaged_root() / kind)
    return Location(
        name=text,
        file=first,
        origin="packaged" if packaged else "folder",
        shadows=tuple(hidden),
    )


def shadow_notes(locations: Iterator[Location] | tuple[Location, ...]) -> tuple[str, ...]:
    """Return one line for every file that hides another of the same name; each is logged once."""
    notes = tuple(
        f"{shown(location.file)} is used instead of {hidden}"
        for location in locations
        for hidden in location.shadows
    )
    for note in notes:
        _say_once(note)
    return notes


@functools.cache
def _say_once(note: str) -> None:
    logger.warning("%s", note)


def shown(file: Path) -> str:
    """Return the path as messages show it: relative to the current folder where that is shorter."""
    for root in (Path.cwd(), packaged_root()):
        if file.is_relative_to(root):
            return file.relative_to(root).as_posix()
    return file.as_posix()


def _by_path(kind: Kind, path: Path, folder: Path | None) -> Location:
    file = path if path.is_absolute() else (folder or Path.cwd()) / path
    if not file.is_file():
        raise ConfigError(
            f"{path}: no such file; give the path of a YAML file or the name of a {WORDS[kind]}"
        )
    if file.suffix != ".yaml":
        raise ConfigError(f"{path}: must end in .yaml; rename it to {path.stem}.yaml")
    return Location(name=file.stem, file=file.resolve(), origin="path")


def _files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.yaml"), *folder.glob(f"{TABLES}/*.yaml")])
