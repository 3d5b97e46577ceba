"""Pairs as somebody's code wants them, as folders of links; and the fused images that it made."""

import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ablate.data import decode
from ablate.data.pairs import Pair, PairSet
from ablate.errors import DataError
from ablate.settings.command import DataPlace

NAMED: Final = 5  # images in one message
_EDGE: Final = r"(?:^|(?<![A-Za-z0-9])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z]))"


def link(pairs: PairSet, stems: Sequence[str], place: DataPlace, *, root: Path) -> None:
    """Fill the folders of a place with links to the images of some pairs, and with nothing else.

    Pairs that lie in no files are written as grey PNG. What stood in the folders is removed.
    """
    folders = root / place.infrared, root / place.visible
    for folder in folders:
        _emptied(folder, root=root)
    lines = []
    for stem in stems:
        paths = []
        for side, folder in zip(("infrared", "visible"), folders, strict=True):
            path = _linked(pairs, stem, side, folder)
            paths.append(
                path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
            )
        line = place.line.replace("{infrared}", paths[0]).replace("{visible}", paths[1])
        lines.append(line.replace("{name}", Path(paths[0]).name).replace("{stem}", stem))
    if place.list:
        path = root / place.list
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _emptied(folder: Path, *, root: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    if not folder.resolve().is_relative_to(root.resolve()):
        raise DataError(f"{folder}: leads out of the repository by a link; use another folder")


def _linked(pairs: PairSet, stem: str, side: str, folder: Path) -> Path:
    if stem in pairs.files:
        source = pairs.files[stem][0 if side == "infrared" else 1].resolve()
        path = folder / f"{stem}{source.suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(source)
        return path
    from PIL import Image

    path = folder / f"{stem}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(getattr(pairs.read(stem), side)).save(path)
    return path


def remove(pattern: str, *, root: Path) -> None:
    """Remove the files of a pattern, so that those which are there later are new."""
    for path in _found(pattern, root=root):
        path.unlink()


def collect(pattern: str, pairs: Sequence[Pair], *, root: Path) -> list[NDArray[np.uint8]]:
    """Return the fused image of every pair, grey, uint8, of its size.

    Args:
        pattern: Of the files; relative ones are those of `root`.
        pairs: A file belongs to one by its name, which is that of the pair or holds it.
        root: Where the commands ran.

    Raises:
        DataError: Every problem of every image, one line each.
    """
    files = _found(pattern, root=root)
    by_stem = _by_pair([pair.stem for pair in pairs], files)
    made, faults = [], []
    for pair in pairs:
        some = by_stem[pair.stem]
        if len(some) != 1:
            names = ", ".join(path.name for path in some[:NAMED])
            faults.append(f"{pair.stem}: {len(some)} images ({names})" if some else "")
            continue
        image = decode.grey(some[0])
        if image.shape != pair.infrared.shape:
            is_, wanted = (f"{one[1]}x{one[0]}" for one in (image.shape, pair.infrared.shape))
            faults.append(f"{some[0].name}: is {is_}, its pair {wanted}")
        made.append(image)
    missing = [pair.stem for pair in pairs if not by_stem[pair.stem]]
    if missing:
        shown = ", ".join(missing[:NAMED]) + (" ..." if len(missing) > NAMED else "")
        there = ", ".join(path.name for path in files[:NAMED]) or "none"
        faults.append(
            f"gives.images: no image for {len(missing)} of {len(pairs)} pairs ({shown}); "
            f"{pattern} found {there}"
        )
    if faults := [fault for fault in faults if fault]:
        raise DataError("\n".join(faults))
    return made


def _found(pattern: str, *, root: Path) -> list[Path]:
    if Path(pattern).is_absolute():
        root, pattern = Path("/"), pattern.lstrip("/")
    return sorted(
        path
        for path in root.glob(pattern)
        if path.is_file() and path.suffix.lower() in decode.SUFFIXES
    )


def _by_pair(stems: Sequence[str], files: Sequence[Path]) -> Mapping[str, list[Path]]:
    """Return the files of each pair: those of its name, else those whose name holds it."""
    exact: dict[str, list[Path]] = {stem: [] for stem in stems}
    others: list[Path] = []
    for path in files:
        exact.get(path.stem, others).append(path)
    longest = sorted(stems, key=len, reverse=True)
    patterns = {stem: re.compile(rf"{_EDGE}{re.escape(stem)}(?![A-Za-z0-9])") for stem in longest}
    for path in others:
        owner = next((stem for stem in longest if patterns[stem].search(path.stem)), None)
        if owner is not None and not any(one.stem == owner for one in exact[owner]):
            exact[owner].append(path)
    return exact


def duplicates(pairs: PairSet) -> list[tuple[str, str]]:
    """Return split and images of val and test whose content is that of an image of train."""
    found = []
    of_train = {_content(pairs, stem): stem for stem in pairs.stems("train")}
    for split in ("val", "test"):
        for stem in pairs.stems(split):
            if (other := of_train.get(_content(pairs, stem))) is not None:
                found.append((split, f"{stem} is {other} of train"))
    return found


def _content(pairs: PairSet, stem: str) -> str:
    """Return the hash of a visible image, as its pixels."""
    return hashlib.sha256(pairs.read(stem).visible.tobytes()).hexdigest()
