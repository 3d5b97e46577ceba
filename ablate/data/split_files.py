"""Splits from files with one name a line, such as train.txt and RoadScene.test.txt."""

from collections.abc import Collection
from pathlib import Path
from unicodedata import normalize

from ablate.data import decode
from ablate.data.layout import split_of
from ablate.data.pairs import SPLITS
from ablate.data.problems import Problem
from ablate.errors import DataError, one_line

LARGEST_BYTES = 10_000_000
Splits = dict[str, tuple[str, ...]]


def read_splits(place: Path, *, title: str, stems: Collection[str]) -> tuple[Splits, list[Problem]]:
    """Return the stems that the split files name, by split, and what is wrong with them.

    Args:
        place: A file whose name holds the word of its split, or a folder with train.txt, val.txt
            or test.txt, also with the set's name before (RoadScene.test.txt). A name may carry the
            suffix of an image (028.png).
        title: Name of the data set.
        stems: The pairs there are.

    Raises:
        DataError: There is no such file, or none in the folder.
    """
    found: Splits = {}
    problems: list[Problem] = []
    composed = {normalize("NFC", stem): stem for stem in stems}
    for split, path in _files(place, title).items():
        lines = [line.strip() for line in _text(path).splitlines()]
        names = [_stem(line) for line in lines if line and not line.startswith("#")]
        names = [
            name if name in stems else composed.get(normalize("NFC", name), name) for name in names
        ]
        unknown = [name for name in dict.fromkeys(names) if name not in stems]
        if unknown:
            more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            problems.append(
                Problem(
                    file=path,
                    what=f"no pair is called {one_line(unknown[0], longest=80)}{more}",
                    fix="correct the list",
                )
            )
        if not names:
            problems.append(Problem(file=path, what="names no pair", fix="fill or remove it"))
        for other, claimed in found.items():
            twice = sorted(set(claimed) & set(names))
            if twice:
                problems.append(
                    Problem(
                        file=path,
                        what=f"{twice[0]} also stands in the list of {other}",
                        fix="remove it from one",
                    )
                )
        taken = {name for claimed in found.values() for name in claimed}
        known = dict.fromkeys(name for name in names if name in stems and name not in taken)
        found[split] = tuple(known)
    return found, problems


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        if len(content) <= LARGEST_BYTES:
            return content.decode("utf-8-sig")
        what = f"is larger than {LARGEST_BYTES // 1_000_000} MB"
    except UnicodeDecodeError:
        what = "is not text in UTF-8"
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
    raise DataError(f"data.splits: {path}: {what}; write one name a line")


def _files(place: Path, title: str) -> dict[str, Path]:
    if place.is_file():
        split = split_of(place.stem)
        if split is None:
            raise DataError(
                f"data.splits: {place}: its name tells no split; call it train.txt or test.txt"
            )
        return {split: place}
    if not place.is_dir():
        raise DataError(f"data.splits: {place}: no such file or folder; check the path")
    wanted = {
        f"{before}{split}.txt": split for split in SPLITS for before in ("", f"{title}.".lower())
    }
    named = {
        wanted[path.name.lower()]: path
        for path in sorted(place.iterdir())
        if path.name.lower() in wanted
    }
    if not named:
        raise DataError(
            f"data.splits: {place}: has no train.txt, val.txt or test.txt, also not with {title}. "
            f"before; name the file itself"
        )
    return {split: named[split] for split in SPLITS if split in named}


def _stem(line: str) -> str:
    path = Path(line)
    return path.stem if path.suffix.lower() in decode.SUFFIXES else line
