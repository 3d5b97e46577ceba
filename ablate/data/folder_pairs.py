"""Pairs of files by stem: finds them, tells all faults at once, reads them."""

import os
from collections.abc import Mapping
from pathlib import Path
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from ablate.data import decode
from ablate.data.layout import Sides, images, key_of
from ablate.data.manifest import Manifest, file_hash
from ablate.data.pairs import Pair, PairSet
from ablate.data.problems import Problem
from ablate.data.scaling import Scaling, scalings
from ablate.errors import DataChangedError, DataError
from ablate.identity import digest
from ablate.imaging.colour import weighted_chroma
from ablate.settings.data import PublishedSplit
from ablate.settings.sources import INFRARED_VISIBLE, Sources, known

RESTORE = "restore it, then the same command goes on from here"
ALONE = 2  # files of which each is listed by itself
Files = dict[str, tuple[Path, Path]]  # stem -> (first source, second source)


def pair_up(both: Sides, sources: Sources = INFRARED_VISIBLE) -> tuple[Files, list[Problem]]:
    """Return the pairs of the folders of both sources by stem, and every problem."""
    problems: list[Problem] = []
    found: list[dict[str, Path]] = []
    for folder in both:
        side: dict[str, Path] = {}
        found.append(side)
        if not folder.is_dir():
            problems.append(Problem(file=folder, what="no such folder", fix="check the path"))
            continue
        for path in images(folder):
            if path.stem in side:
                what = f"same stem as {side[path.stem].name}"
                problems.append(Problem(file=path, what=what, fix="remove one"))
            side[path.stem] = path
        if not side:
            problems.append(Problem(file=folder, what="has no images", fix="check the path"))
    if not all(found):
        return {}, problems
    files, more = match_keys(*_alike(found, sources), places=both)
    return files, problems + more


def _alike(found: list[dict[str, Path]], sources: Sources) -> list[dict[str, Path]]:
    """Return both sides under keys that pair where their stems do not.

    The same letters composed and decomposed are one name; where no name stands on both sides and
    each says its source (1_ir and 1_vi, IR1 and VIS1), what it says beside that is the key.
    """
    if set(found[0]) == set(found[1]):
        return found
    one, other = ({normalize("NFC", stem): path for stem, path in side.items()} for side in found)
    if len(one) < len(found[0]) or len(other) < len(found[1]):
        return found
    if set(one) & set(other):
        return [one, other]
    keyed = [
        {key_of(stem, name, sources): path for stem, path in side.items()}
        for name, side in zip(sources, (one, other), strict=True)
    ]
    is_distinct = all(
        None not in keys and len(keys) == len(side)
        for keys, side in zip(keyed, (one, other), strict=True)
    )
    return [{str(k): p for k, p in side.items()} for side in keyed] if is_distinct else [one, other]


def match_keys(
    one: Mapping[str, Path], other: Mapping[str, Path], *, places: tuple[Path, Path]
) -> tuple[Files, list[Problem]]:
    """Return the files of both sources of equal key, and the problems of the rest.

    Args:
        one: Files of the first source by key.
        other: Of the second.
        places: Where each is looked for, for the messages.
    """
    if one and other and len(one) + len(other) > ALONE and not set(one) & set(other):
        return {}, [_without_pair(one, other, places)]
    problems: list[Problem] = []
    for stem in sorted(set(one) ^ set(other)):
        path = one.get(stem) or other[stem]
        where = places[1] if stem in one else places[0]
        problems.append(
            Problem(
                file=path,
                what=f"has no partner in {where.name}/",
                fix="add the partner or remove this file",
            )
        )
    files = {stem: (one[stem], other[stem]) for stem in sorted(set(one) & set(other))}
    for stem, (path, _) in files.items():
        if not stem.isprintable():
            what = "its name has characters that do not print"
            problems.append(Problem(file=path, what=what, fix="rename it and its partner"))
    for paths in files.values():
        sizes: list[tuple[int, int]] = []
        for path in paths:
            try:
                sizes.append(decode.size(path))
            except DataError as error:
                problems.append(Problem.of(path, error))
        if len(sizes) == 2 and sizes[0] != sizes[1]:
            (h1, w1), (h2, w2) = sizes
            what = f"is {w1}x{h1}, its partner {w2}x{h2}"
            problems.append(Problem(file=paths[0], what=what, fix="use the aligned images"))
    return files, problems


def _without_pair(
    one: Mapping[str, Path], other: Mapping[str, Path], places: tuple[Path, Path]
) -> Problem:
    """Return the problem of two folders that have no stem in common, with examples."""
    names = [", ".join(path.name for path in list(side.values())[:2]) for side in (one, other)]
    return Problem(
        file=places[0],
        what=f"shares no name with {places[1]} ({len(one)} files such as {names[0]}; "
        f"{len(other)} such as {names[1]})",
        fix="give pairs the same name, or name the right folders",
    )


def pair_set(
    files: Files,
    problems: list[Problem],
    settings: PublishedSplit,
    *,
    label: str,
    splits: Mapping[str, tuple[str, ...]],
    groups: Mapping[str, str],
    left_out: tuple[str, ...] = (),
    folder: Path | None = None,
) -> PairSet:
    """Return the set, read lazily; its manifest names no files while there are problems.

    Args:
        files: Images by key; the key is what splits name, some may stand in no split.
        problems: Faults found so far.
        settings: What becomes of more than 8 bits (`ablate.data.scaling`), and what the two images
            of a pair are called.
        label: What reports call the set.
        splits: Keys of each split.
        groups: Group of each key, of those in no split too; empty where none are known.
        left_out: Keys that stand in no split since their group stands in the test part.
        folder: In which the set lies.
    """
    scaling, sources = settings.scaling, Sources(*settings.sources)
    used = {stem: files[stem] for stems in splits.values() for stem in stems}
    stored = {
        f"{stem}/{side}": file_hash(path)
        for stem, paths in used.items()
        for side, path in zip(("ir", "vi"), paths, strict=True)
        if not problems
    }
    hashes = stored if scaling == decode.HIGH_BYTE else _scaled_hashes(stored, scaling)
    both = scalings(scaling, used.values())

    def read(stem: str) -> Pair:
        try:
            infrared, visible, chroma = read_both(used[stem], scalings=both, sources=sources)
            return Pair(stem=stem, infrared=infrared, visible=visible, chroma=chroma)
        finally:  # after decoding: what is exchanged meanwhile is noticed, and may be torn
            for path, side in zip(used[stem], ("ir", "vi"), strict=True):
                check_same(path, stored.get(f"{stem}/{side}"))

    return PairSet(
        splits=splits,
        read=read,
        manifest=Manifest(
            label=label,
            files=hashes,
            splits=dict(splits),
            groups={stem: groups[stem] for stem in used if groups},
        ),
        files=used,
        problems=problems,
        left_out={stem: files[stem] for stem in left_out},
        scalings=both,
        folder=folder,
    ).named(sources)


def read_both(
    files: tuple[Path, Path], *, scalings: tuple[Scaling, Scaling], sources: Sources
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32] | None]:
    """Return the luminance of both sources, and the chroma of their fused image.

    A source that is grey by its nature (infrared, MRI, CT) gives no chroma; where both of the
    others have colour, as photographs do, theirs is weighted (`ablate.imaging.colour`). None where
    neither has any.

    Raises:
        DataError: An image cannot be read.
    """
    planes: list[NDArray[np.uint8]] = []
    colours: list[NDArray[np.float32]] = []
    for path, scaling, name in zip(files, scalings, sources, strict=True):
        if known(name).is_grey:
            planes.append(decode.grey(path, levels=scaling.levels))
            continue
        plane, chroma = decode.colour(path, levels=scaling.levels)
        planes.append(plane)
        colours += [] if chroma is None else [chroma]
    first, second = planes
    if first.shape != second.shape:
        return first, second, None
    return (
        first,
        second,
        weighted_chroma(*colours) if len(colours) > 1 else next(iter(colours), None),
    )


def check_same(path: Path, known: str | None) -> None:
    """Raise DataChangedError unless a file has this hash; None is any."""
    try:
        now = None if known is None else file_hash(path)
    except OSError as error:
        raise DataChangedError(f"{path}: {error.strerror or error}; {RESTORE}") from error
    if now != known:
        raise DataChangedError(f"{path}: was changed while it is in use; {RESTORE}")


def _scaled_hashes(hashes: Mapping[str, str], scaling: str) -> dict[str, str]:
    """Return hashes that also tell the scaling and, where it is one, the set that it is of."""
    of = digest(sorted(hashes.items())) if scaling.endswith("_set") else ""
    return {name: digest([content, scaling, of]) for name, content in hashes.items()}


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
