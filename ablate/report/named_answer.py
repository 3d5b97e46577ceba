"""What a user names to say whose answers: a study, STUDY@STORE, or the folder of a report."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ablate.config.locations import SUFFIXES, study_name
from ablate.errors import ConfigError
from ablate.homes import expanded

VERDICT = "verdict.json"
NOTICE = "NOTICE.md"  # what readers must know first; kept by hand in a folder of reports
LOOK = re.compile(r"[1-9][0-9]*")  # STUDY@2 is a look at a study, STUDY@FOLDER a study in a store


@dataclass(frozen=True, slots=True, kw_only=True)
class InStore:
    """A study in a store."""

    study: str
    store: Path


def named(word: str, *, store: Path) -> Path | InStore:
    """Return the folder or file that a word names, else the study and its store.

    Args:
        word: STUDY, STUDY@STORE, or a path: of a report, or of the YAML file of a study.
        store: Of a study that names none.

    Raises:
        ConfigError: Neither a path nor a store is there.

    Example:
        >>> named("q4@3", store=Path.cwd()).study
        'q4@3'
    """
    path = expanded(word)
    if path.is_file() and path.suffix in SUFFIXES:
        return InStore(study=study_name(path), store=store)
    if path.is_dir() or path.is_file():
        return path
    study, at, place = word.rpartition("@")
    if not at or LOOK.fullmatch(place):
        study, place = word, str(store)
    folder = expanded(place)
    if not study or "/" in study or not folder.is_dir():
        raise ConfigError(
            f"{word}: no such folder, and no study of a store; give a folder with a {VERDICT}, or "
            "STUDY@STORE"
        )
    return InStore(study=study, store=folder)


def notices(words: Iterable[str]) -> list[str]:
    """Return the notices above published reports that words name, each once.

    Args:
        words: As of `named`. NOTICE.md lies in the folder of a report or of its study.
    """
    found = []
    for folder in (expanded(word) for word in words):
        if not folder.is_dir():
            continue
        for place in (folder, folder.resolve().parent):
            if (place / NOTICE).is_file():
                lines = (place / NOTICE).read_text(encoding="utf-8").splitlines()
                found.append(" ".join(line.lstrip("> ") for line in lines).replace("**", ""))
                break
    return list(dict.fromkeys(found))
