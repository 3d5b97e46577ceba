"""Finds the two modalities below a folder, in the wordings that published sets use."""

import re
from pathlib import Path

from ablate.data import decode
from ablate.errors import DataError

WORDS = {
    "infrared": frozenset({"ir", "inf", "infrared", "cropinfrared"}),
    "visible": frozenset({"vi", "vis", "visible"}),
}
_ANY = "|".join(sorted(frozenset.union(*WORDS.values()), key=len, reverse=True))
_PREFIX = re.compile(rf"(?P<word>{_ANY})[_-]?(?P<key>\d.*|(?<=[_-]).+)", re.IGNORECASE)
_SUFFIX = re.compile(rf"(?P<key>.+)[_-](?P<word>{_ANY})", re.IGNORECASE)


def images(folder: Path) -> list[Path]:
    """Return the image files of a folder by name; what operating systems leave is skipped."""
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".") and path.suffix.lower() in decode.SUFFIXES
    )


def modality(name: str) -> tuple[str, int] | None:
    """Return the modality a folder's name stands for, and 0 if the whole name says so, else 1.

    Example:
        >>> modality("Test_ir"), modality("VIS"), modality("labels")
        (('infrared', 1), ('visible', 0), None)
    """
    tokens = re.split(r"[_\-\s]+", name.lower())
    for side, words in WORDS.items():
        if words & set(tokens):
            return side, 0 if len(tokens) == 1 else 1
    return None


def sides(root: Path) -> tuple[Path, Path]:
    """Return the infrared and the visible folder below `root`.

    A folder whose whole name is a modality goes before one that only mentions it (ir before
    ir_warp); one level above and one below are looked through where they leave no choice.

    Raises:
        DataError: A modality has no folder, or several.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; check the path")
    below = sorted(path for path in root.iterdir() if path.is_dir())
    chosen: list[Path] = []
    faults: list[str] = []
    for side, words in WORDS.items():
        ranked = [
            (rank[1], path) for path in below if (rank := modality(path.name)) and rank[0] == side
        ]
        best = [path for rank, path in ranked if rank == min(r for r, _ in ranked)]
        if len(best) == 1:
            chosen += best
        elif best:
            names = ", ".join(path.name for path in best)
            faults.append(f"{root}: several {side} folders ({names}); say data.{side}=FOLDER")
        else:
            faults.append(
                f"{root}: no {side} folder (known wordings: {', '.join(sorted(words))}); "
                f"say data.{side}=FOLDER"
            )
    if not chosen and len(below) == 1 and modality(below[0].name) is None:
        return sides(below[0])
    if faults:
        raise DataError("\n".join(faults))
    infrared, visible = chosen
    if not images(infrared) and not images(visible):
        shared = sorted(
            {path.name for path in infrared.iterdir() if path.is_dir()}
            & {path.name for path in visible.iterdir() if path.is_dir()}
        )
        if len(shared) == 1:
            return infrared / shared[0], visible / shared[0]
    return infrared, visible


def flat(root: Path) -> dict[str, dict[str, Path]] | None:
    """Return modality -> key -> file where one folder holds both, told apart by their names.

    IR1.jpg and VIS1.jpg have the key "1", Camp1_IR.png and Camp1_Vis.png the key "Camp1". None
    unless the folder holds images of both modalities.
    """
    found: dict[str, dict[str, Path]] = {side: {} for side in WORDS}
    for path in images(root) if root.is_dir() else []:
        match = _SUFFIX.fullmatch(path.stem) or _PREFIX.fullmatch(path.stem)
        if match:
            side = next(s for s, words in WORDS.items() if match["word"].lower() in words)
            found[side][match["key"]] = path
    return found if all(found.values()) else None
