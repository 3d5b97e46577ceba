"""What lies in the folder of a data set and is not part of it, counted, with an example each."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ablate.data import decode
from ablate.data.pairs import PairSet

MOST_ENTRIES: Final = 500_000
IMAGES: Final = "images"
COMPANIONS: Final = frozenset({"groups.csv"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """Files of one kind in one folder.

    Args:
        folder: Where they lie, as seen from the set's folder.
        what: "images", "links that lead nowhere", ".txt files".
        count: How many.
        example: Name of the first.
    """

    folder: str
    what: str
    count: int
    example: str

    def __str__(self) -> str:
        return f"{self.folder}/: not used: {self.what} ({self.count}, such as {self.example})"


def unused_beside(pairs: PairSet, *, reported: Collection[Path] = ()) -> tuple[Unused, ...]:
    """Return what lies in the folders of a set and is not used.

    Args:
        pairs: The set; what `limit` leaves out counts as used.
        reported: Files that are reported otherwise.
    """
    left_out = [path for both in pairs.left_out.values() for path in both]
    used = [*pairs.every_file, *left_out, *reported]
    places = {path.parent for path in used} | ({pairs.folder} if pairs.folder else set())
    return unused([place for place in places if place.is_dir()], used=used)


def in_one_line(found: Collection[Unused]) -> str:
    """Return all of it as one line, with the count and an example; "" where there is none.

    Example:
        >>> in_one_line([Unused(folder="set/vi", what=".txt files", count=2, example="a.txt")])
        '2 files or links of its folder are not used, such as set/vi/a.txt (.txt files)'
    """
    if not found:
        return ""
    first = max(found, key=lambda one: (one.what == IMAGES, one.count))
    count = sum(one.count for one in found)
    are = "file or link of its folder is" if count == 1 else "files or links of its folder are"
    return f"{count} {are} not used, such as {first.folder}/{first.example} ({first.what})"


def unused(places: Collection[Path], *, used: Collection[Path]) -> tuple[Unused, ...]:
    """Return what lies below some folders and is not used, by folder and kind.

    Hidden files and groups.csv are not counted; links to folders are not followed, as they are not
    when a set is read through its own folders, but links to files are.

    Args:
        places: Folders of the set.
        used: Files that are, or that are reported otherwise.
    """
    known = {os.path.abspath(path) for path in used}  # noqa: PTH100 -- resolves no link
    roots = [one for one in places if not any(other in one.parents for other in places)]
    found: dict[tuple[str, str], list[str]] = {}
    for root in roots:
        for folder, entry in _entries(root):
            path = folder / entry
            if os.path.abspath(path) in known or entry in COMPANIONS:  # noqa: PTH100
                continue
            shown = path.parent.relative_to(root.parent).as_posix()
            found.setdefault((shown, _kind(path)), []).append(entry)
    return tuple(
        Unused(folder=folder, what=what, count=len(names), example=min(names))
        for (folder, what), names in sorted(found.items())
    )


def _kind(path: Path) -> str:
    if path.is_symlink() and not path.exists():
        return "links that lead nowhere"
    if path.is_dir():
        return "links to folders"
    if path.suffix.lower() in decode.SUFFIXES:
        return IMAGES
    return f"{path.suffix} files" if path.suffix else "files without suffix"


def _entries(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield (folder, name) of files and links below a folder, up to `MOST_ENTRIES` of them."""
    count = 0
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith((".", "__MACOSX")))
        links = [name for name in below if (Path(folder) / name).is_symlink()]
        for name in sorted(names) + links:
            if not name.startswith("."):
                yield Path(folder), name
        count += len(names) + len(links)
        if count > MOST_ENTRIES:
            return
