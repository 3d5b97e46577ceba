"""Pairs from two folders by stem: finds them, tells all faults at once, reads them."""

import os
from collections.abc import Mapping
from pathlib import Path

from ablate.data import decode
from ablate.data.layout import images
from ablate.data.manifest import Manifest, file_hash
from ablate.data.pairs import Pair, PairSet
from ablate.errors import DataError

Files = dict[str, tuple[Path, Path]]  # stem -> (infrared, visible)
Problem = tuple[Path, str, str]  # file, what is wrong, the mend


def pair_up(infrared: Path, visible: Path) -> tuple[Files, list[Problem]]:
    """Return the pairs by stem, and every problem as (file, what is wrong, the mend)."""
    problems: list[Problem] = []
    sides: list[dict[str, Path]] = []
    for folder in (infrared, visible):
        if not folder.is_dir():
            problems.append((folder, "no such folder", "check the path"))
            sides.append({})
            continue
        found: dict[str, Path] = {}
        for path in images(folder):
            if path.stem in found:
                problems.append((path, f"same stem as {found[path.stem].name}", "remove one"))
            found[path.stem] = path
        if not found:
            problems.append((folder, "has no images", "check the path"))
        sides.append(found)
    if any(not side for side in sides):
        return {}, problems
    files, more = match_keys(sides[0], sides[1], places=(infrared, visible))
    return files, problems + more


def match_keys(
    one: Mapping[str, Path], other: Mapping[str, Path], *, places: tuple[Path, Path]
) -> tuple[Files, list[Problem]]:
    """Return infrared and visible files of equal key, and the problems of the rest.

    Args:
        one: Infrared files by key.
        other: Visible files by key.
        places: Where infrared and visible files are looked for, for the messages.
    """
    problems: list[Problem] = []
    for stem in sorted(set(one) ^ set(other)):
        path = one.get(stem) or other[stem]
        where = places[1] if stem in one else places[0]
        problems.append((path, f"has no partner in {where}", "add the partner or remove this file"))
    files = {stem: (one[stem], other[stem]) for stem in sorted(set(one) & set(other))}
    for paths in files.values():
        sizes: list[tuple[int, int]] = []
        for path in paths:
            try:
                sizes.append(decode.size(path))
            except DataError as error:
                problems.append(_problem(path, error))
        if len(sizes) == 2 and sizes[0] != sizes[1]:
            (h1, w1), (h2, w2) = sizes
            problems.append(
                (paths[0], f"is {w1}x{h1}, its partner {w2}x{h2}", "use the aligned images")
            )
    return files, problems


def pair_set(
    files: Files,
    problems: list[Problem],
    *,
    label: str,
    splits: Mapping[str, tuple[str, ...]],
) -> PairSet:
    """Return the set, read lazily.

    Args:
        files: Images by key; the key is what splits name.
        problems: Faults found so far; any of them is fatal.
        label: What reports call the set.
        splits: Keys of each split.

    Raises:
        DataError: All problems, one line each.
    """
    if problems:
        # the set is refused anyway: decode the rest too, so that all faults are told at once
        known = {path for path, _, _ in problems}
        for path in (path for paths in files.values() for path in paths if path not in known):
            try:
                decode.colour(path)
            except DataError as error:
                problems = [*problems, _problem(path, error)]
        raise DataError("\n".join(f"{path}: {what}; {mend}" for path, what, mend in problems))
    hashes = {
        f"{stem}/{side}": file_hash(path)
        for stem, paths in files.items()
        for side, path in zip(("ir", "vi"), paths, strict=True)
    }

    def read(stem: str) -> Pair:
        infrared, visible = files[stem]
        luminance, chroma = decode.colour(visible)
        return Pair(stem=stem, infrared=decode.grey(infrared), visible=luminance, chroma=chroma)

    return PairSet(
        splits=splits, read=read, manifest=Manifest(label=label, files=hashes, splits=dict(splits))
    )


def _problem(path: Path, error: DataError) -> Problem:
    what, _, mend = str(error).removeprefix(f"{path}: ").rpartition("; ")
    return path, what, mend


def root_of(root: str | None, *names: str) -> Path:
    """Return the data folder: `root`, or the first of `names` that ABLATE_DATA holds.

    Raises:
        DataError: Neither is there.
    """
    if root:
        path = Path(root).expanduser()
        if not path.is_dir():
            raise DataError(f"data.root: {path}: no such folder; check the path")
        return path
    place = os.environ.get("ABLATE_DATA")
    if not place:
        raise DataError("data.root: not set; say data.root=FOLDER, or set ABLATE_DATA")
    for name in names:
        if (Path(place) / name).is_dir():
            return Path(place) / name
    raise DataError(f"{place}: has none of {', '.join(names)}; say data.root=FOLDER")
