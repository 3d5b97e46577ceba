"""Finds the two sources and the splits below a folder, in the wordings that published sets use."""

import functools
import re
from collections.abc import Mapping
from pathlib import Path

from ablate.data import decode
from ablate.data.problems import Problem
from ablate.settings.sources import INFRARED_VISIBLE, Sources, known

SPLIT_WORDS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
}
EVAL_WORDS = frozenset({"eval", "evaluation"})  # test, or val where there is a test folder
SHOWN = 5  # folders that a message names
Sides = tuple[Path, Path]  # of the first source, of the second


def images(folder: Path) -> list[Path]:
    """Return the image files of a folder by name; what operating systems leave is skipped."""
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".")
        and path.suffix.lower() in decode.SUFFIXES
        and path.is_file()
    )


def folders(root: Path) -> list[Path]:
    """Return the folders in a folder by name; hidden ones and those of archivers are skipped."""
    return sorted(
        path
        for path in root.iterdir()
        if path.is_dir() and not path.name.startswith((".", "__MACOSX"))
    )


def modality(name: str, sources: Sources = INFRARED_VISIBLE) -> tuple[str, int] | None:
    """Return the source a folder's name stands for, and how late its wording is chosen.

    0 if the whole name says so, 1 if a part does; 2 and 3 with a further word (rgb, thermal).

    Example:
        >>> modality("Test_ir"), modality("VIS"), modality("rgb"), modality("labels")
        (('infrared', 1), ('visible', 0), ('visible', 2), None)
        >>> modality("test_pet", Sources("MRI", "PET")), modality("MRI-PET", Sources("MRI", "PET"))
        (('PET', 1), None)
    """
    tokens = _tokens(name)
    found = {*tokens, name.lower()}
    for late in (0, 2):
        said = [one for one in sources if (_further(one) if late else words(one)) & found]
        if len(said) > 1 and not sources.are_usual:
            return None  # a folder of both
        if said:
            return said[0], late + (len(tokens) > 1)
    return None


def is_named_for(name: str, source: str) -> bool:
    """Return whether a word of a folder's name stands for a source, perhaps beside others."""
    return bool(words(source) & {*_tokens(name), name.lower()})


def words(source: str) -> frozenset[str]:
    """Return the words, in lower case, by which folders and files say that they hold a source."""
    return known(source).words


def _further(source: str) -> frozenset[str]:
    return known(source).further


@functools.cache
def _forms(sources: Sources) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what matches a stem that ends with the word of a source, and one that begins so."""
    some = sorted(frozenset.union(*map(words, sources)), key=len, reverse=True)
    any_word = "|".join(map(re.escape, some))
    return (
        re.compile(rf"(?P<key>.+)[_-](?P<word>{any_word})", re.IGNORECASE),
        re.compile(rf"(?P<word>{any_word})[_-]?(?P<key>\d.*|(?<=[_-]).+)", re.IGNORECASE),
    )


def _matched(stem: str, sources: Sources) -> re.Match[str] | None:
    suffix, prefix = _forms(sources)
    return suffix.fullmatch(stem) or prefix.fullmatch(stem)


def split_of(name: str) -> str | None:
    """Return the split that a word of a folder's or file's name stands for.

    Example:
        >>> split_of("Train_ir_tno"), split_of("validation"), split_of("latest")
        ('train', 'val', None)
    """
    return next((SPLIT_WORDS[word] for word in _tokens(name) if word in SPLIT_WORDS), None)


def arrangement(
    root: Path, sources: Sources = INFRARED_VISIBLE
) -> tuple[dict[str, Sides], list[Problem]]:
    """Return split -> the two folders below `root`, in either order of modality and split.

    train/ir and train/vi, Infrared/train and Visible/train, or Train_ir and Train_vi; the split is
    "" where no name tells one. A single folder in between is looked through.
    """
    if not root.is_dir():
        return {}, [Problem(file=root, what="no such folder", fix="check the path")]
    below = folders(root)
    sided = [path for path in below if modality(path.name, sources)]
    if not any(_is_plain(path, sources) for path in sided):
        splits = _splits(below)
        if splits:
            return _each({path: (split, *sides(path, sources)) for path, split in splits.items()})
        if len(below) == 1:
            return arrangement(below[0], sources)
    named = {split_of(path.name) for path in sided} - {None}
    if len(named) > 1:
        parts = {
            root / str(split): (
                str(split),
                *_choose(root, [p for p in sided if split_of(p.name) == split], sources),
            )
            for split in sorted(named, key=str)
        }
        if all(both for _, both, _ in parts.values()):
            return _each(parts)
    both, problems = _choose(root, sided, sources)
    if both is None:
        return {}, problems
    inner = [{split: path for path, split in _splits(folders(side)).items()} for side in both]
    if any(images(side) for side in both) or not any(inner):
        return {"": _innermost(both)}, []
    lonely = [
        Problem(
            file=path, what=f"has no partner in {both[1 - side]}", fix="add it or remove this one"
        )
        for side in (0, 1)
        for split, path in inner[side].items()
        if split not in inner[1 - side]
    ]
    shared = [split for split in inner[0] if split in inner[1]]
    return {split: _innermost((inner[0][split], inner[1][split])) for split in shared}, lonely


def sides(root: Path, sources: Sources = INFRARED_VISIBLE) -> tuple[Sides | None, list[Problem]]:
    """Return the folders of both sources below `root`, or what hinders that.

    A folder whose whole name is a source's goes before one that only mentions it (ir before
    ir_warp); one level above and one below are looked through where they leave no choice.
    """
    if not root.is_dir():
        return None, [Problem(file=root, what="no such folder", fix="check the path")]
    below = folders(root)
    if len(below) == 1 and not _is_plain(below[0], sources):
        return sides(below[0], sources)
    both, problems = _choose(root, below, sources)
    return (_innermost(both) if both else None), problems


def key_of(stem: str, side: str, sources: Sources = INFRARED_VISIBLE) -> str | None:
    """Return what a name says beside the word of its source, None where it has no such word.

    Example:
        >>> key_of("00001D_ir", "infrared"), key_of("VIS7", "visible"), key_of("7", "visible")
        ('00001D', '7', None)
    """
    match = _matched(stem, sources)
    return match["key"] if match and match["word"].lower() in words(side) else None


def flat(
    root: Path, sources: Sources = INFRARED_VISIBLE
) -> tuple[dict[str, dict[str, Path]], list[Problem]] | None:
    """Return source -> key -> file where one folder holds both, distinguished by their names.

    IR1.jpg and VIS1.jpg have the key "1", Camp1_IR.png and Camp1_Vis.png the key "Camp1"; a key
    twice on one side is a problem. None unless the folder holds images of both sources.
    """
    found: dict[str, dict[str, Path]] = {side: {} for side in sources}
    problems: list[Problem] = []
    for path in images(root) if root.is_dir() else []:
        match = _matched(path.stem, sources)
        if match:
            side = next(one for one in sources if match["word"].lower() in words(one))
            other = found[side].setdefault(match["key"], path)
            if other != path:
                what = f"stands for the same scene as {other.name}"
                problems.append(Problem(file=path, what=what, fix="remove one"))
    return (found, problems) if all(found.values()) else None


def _splits(below: list[Path]) -> dict[Path, str]:
    """Return the folders that a split names as a whole."""
    found = {
        path: SPLIT_WORDS[path.name.lower()] for path in below if path.name.lower() in SPLIT_WORDS
    }
    free = [split for split in ("test", "val") if split not in found.values()]
    others = [path for path in below if path.name.lower() in EVAL_WORDS]
    return found | dict(zip(others, free, strict=False))


def _is_plain(folder: Path, sources: Sources) -> bool:
    """Return whether a folder's name has one of the words that published sets use."""
    found = modality(folder.name, sources)
    return found is not None and found[1] < 2


def _tokens(name: str) -> list[str]:
    return re.split(r"[_\-\s.]+", name.lower())


def _each(
    parts: Mapping[Path, tuple[str, Sides | None, list[Problem]]],
) -> tuple[dict[str, Sides], list[Problem]]:
    """Return the folders by split and all problems; two folders of one split are a problem."""
    found: dict[str, Sides] = {}
    problems: list[Problem] = []
    for path, (split, both, some) in parts.items():
        problems += some
        if split in found:
            problems.append(
                Problem(file=path, what=f"a second folder for {split}", fix="keep one of them")
            )
        elif both:
            found[split] = both
    return found, problems


def _choose(root: Path, below: list[Path], sources: Sources) -> tuple[Sides | None, list[Problem]]:
    chosen: list[Path] = []
    problems: list[Problem] = []
    for side in sources:
        ranked = [
            (rank[1], path)
            for path in below
            if (rank := modality(path.name, sources)) and rank[0] == side
        ]
        best = [path for rank, path in ranked if rank == min(r for r, _ in ranked)]
        if len(best) == 1:
            chosen += best
            continue
        what = (
            f"several {side} folders ({', '.join(path.name for path in best)})"
            if best
            else f"no {side} folder (known wordings: "
            f"{', '.join(sorted(words(side) | _further(side)))})"
        )
        problems.append(Problem(file=root, what=what, fix=_fix(side, sources, root)))
    return (None if problems else (chosen[0], chosen[1])), problems


def _fix(side: str, sources: Sources, root: Path) -> str:
    """Return what to do where a folder of a source is not found, or several are."""
    if sources.are_usual:
        return f"rename it, or say data=folders data.{side}=FOLDER"
    there = [path.name for path in folders(root)]
    some = ", ".join(there[:SHOWN]) + (", ..." if len(there) > SHOWN else "")
    return f"rename it, or name in data.sources what is there ({some or 'no folders'})"


def _innermost(both: Sides) -> Sides:
    """Return the one folder that both share by name, as long as they hold no images themselves."""
    infrared, visible = both
    if images(infrared) or images(visible):
        return both
    shared = {path.name for path in folders(infrared)} & {path.name for path in folders(visible)}
    if len(shared) != 1:
        return both
    name = shared.pop()
    return _innermost((infrared / name, visible / name))
