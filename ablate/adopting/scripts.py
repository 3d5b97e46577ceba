"""Which files of a repository train, which fuse, and how its page says that they are called."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from ablate.adopting.repository import Python, Repository

_TRAINS: Final = ("backward", "minimize", "manual_backward")
_WRITES: Final = re.compile(
    r"im(age)?_?(save|write)|save_?im|imsave|write_?im|^save$", re.IGNORECASE
)
_TESTS: Final = re.compile(r"test|infer|fuse|fusion|eval|predict|demo", re.IGNORECASE)
_OTHERS: Final = re.compile(  # another task than infrared and visible
    r"med|mif|mri|pet|ct\b|mef|mff|exposure|focus|color|colour|cls|detect|seg|reg|ddpm|auto_?enc|"
    r"classif|AiAv|caption|val|process|metric",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A file that is run.

    Args:
        path: From the folder of the repository.
        words: What the page of the repository gives it, of that which is there.
        quoted: The line of the page.
        reached: The files that it imports, itself among them.
    """

    path: str
    words: tuple[str, ...]
    quoted: str
    reached: Mapping[str, Python]


def training(repository: Repository) -> list[Script]:
    """Return the scripts that train, that of fusion first.

    They are those from which a step backwards is reached; without any, those that are called so.
    """
    imported = _imported(repository)
    found, called_so = [], []
    for path, file in repository.python.items():
        stem = PurePosixPath(path).stem
        if not file.is_script or re.match("test|infer|eval", stem, re.IGNORECASE):
            continue
        reached = repository.reached(path)
        if any(name in _TRAINS for one in reached.values() for name in one.calls()):
            found.append(_script(repository, path, reached))
        elif re.search("train|fit|main", stem, re.IGNORECASE):
            called_so.append(_script(repository, path, reached))
    found = found or called_so
    has_own = [one for one in found if one.path not in imported] or found
    return sorted(has_own, key=_rank_of_training)


def fusing(repository: Repository) -> list[Script]:
    """Return the scripts that fuse images, the most likely one first."""
    found = []
    for path, file in repository.python.items():
        calls = set(file.calls())
        if not file.is_script or calls & set(_TRAINS):
            continue
        is_called_so = bool(_TESTS.search(PurePosixPath(path).stem))
        reached = repository.reached(path)
        writes = any(_WRITES.search(name) for one in reached.values() for name in one.calls())
        if is_called_so and writes:
            found.append(_script(repository, path, reached))
    return sorted(found, key=_rank_of_fusing)


def _imported(repository: Repository) -> set[str]:
    return {
        other for path in repository.python for other in repository.reached(path) if other != path
    }


def _rank_of_training(script: Script) -> tuple[bool, ...]:
    stem = PurePosixPath(script.path).stem.lower()
    return (
        bool(_OTHERS.search(stem)),
        "train" not in stem,
        not script.quoted,
        "fus" not in stem,
        "/" in script.path,
    )


def _rank_of_fusing(script: Script) -> tuple[bool, ...]:
    stem = PurePosixPath(script.path).stem.lower()
    return (
        bool(_OTHERS.search(stem)),
        not script.quoted,
        not re.search("test|infer", stem),
        "fus" not in stem and "ivf" not in stem,
        "/" in script.path,
    )


def _script(repository: Repository, path: str, reached: Mapping[str, Python]) -> Script:
    quoted: str = ""
    words: tuple[str, ...] = ()
    for line in _commands(repository.about):
        given = _words_behind(line, path)
        if given is not None:
            known = tuple(_kept(given, repository))
            if not quoted or len(known) > len(words):
                quoted, words = line, known
            if words:
                break
    return Script(path=path, words=words, quoted=quoted, reached=reached)


def _commands(about: str) -> Iterator[str]:
    """Yield the lines of a page that call Python; those that a backslash breaks are joined."""
    joined = re.sub(r"\\\s*\n\s*", " ", about)
    for line in joined.splitlines():
        if re.search(r"(python\d?|torchrun|launch)\s.*\.py", line):
            yield line.strip().strip("`$>*# ").strip("`* ")


def _words_behind(line: str, path: str) -> list[str] | None:
    """Return the words behind a script in a line, None where it does not call it."""
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    for at, word in enumerate(words):
        if word.lstrip("./") == path or word == PurePosixPath(path).name:
            return words[at + 1 :]
    return None


def _kept(words: Iterable[str], repository: Repository) -> Iterator[str]:
    """Yield flags whose value is a settings file of the repository."""
    before = ""
    for word in words:
        flag, equals, value = word.partition("=")
        if word.lstrip("./") in repository.settings and before.startswith("-"):
            yield from (before, word)
        elif equals and flag.startswith("-") and value.lstrip("./") in repository.settings:
            yield word
        before = word
