"""Fuses image files: luminance by the network, chroma from the sources that have colour."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo
from torch import nn

from ablate.data import decode
from ablate.data.folder_pairs import match_keys, pair_up, read_both
from ablate.data.modalities import Suspicions
from ablate.data.problems import Problem, in_lines
from ablate.data.scaling import Scaling, scalings
from ablate.errors import DataError, ShapeError
from ablate.fusing.memory import check_room, check_shape
from ablate.imaging.colour import recombine
from ablate.settings.sources import INFRARED_VISIBLE
from ablate.settings.sources import Sources as Names
from ablate.training.scoring import image_tensor, to_uint8
from ablate.writing import replacing

logger = logging.getLogger(__name__)
MADE_FROM = "ablate made from"  # text of a PNG file: digest of the network and of both sources
RUN = "ablate run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """One pair of files and the name that its fused image gets."""

    infrared: Path
    visible: Path
    stem: str
    scalings: tuple[Scaling, Scaling] = (Scaling(), Scaling())
    names: Names = INFRARED_VISIBLE

    def read(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32] | None]:
        """Return the luminance of both sources, and the chroma of what is fused of them.

        Raises:
            DataError: An image cannot be read.
        """
        return read_both((self.infrared, self.visible), scalings=self.scalings, sources=self.names)


def gather(
    infrared: Path,
    visible: Path,
    *,
    scaling: str = decode.HIGH_BYTE,
    names: Names = INFRARED_VISIBLE,
) -> list[Sources]:
    """Return the pairs of two files, or of two folders by stem.

    Args:
        infrared: File or folder of the first source.
        visible: File or folder of the second.
        scaling: What becomes of more than 8 bits (`ablate.data.scaling`); a set is what is given.
        names: What the two sources are called.

    Raises:
        DataError: Neither two files nor two folders, files without a partner, of unequal size or
            unreadable: all in one text.
    """
    if infrared.is_file() and visible.is_file():
        pairs, problems = match_keys(
            {visible.stem: infrared},
            {visible.stem: visible},
            places=(infrared.parent, visible.parent),
        )
    elif infrared.is_file() or visible.is_file():
        raise DataError(
            f"{infrared} and {visible}: one is a file, the other is not; give two files or two "
            "folders"
        )
    else:
        pairs, problems = pair_up((infrared, visible), names)
    if problems:
        raise DataError("\n".join(in_lines(problems)))
    both = scalings(scaling, pairs.values())
    return [
        Sources(infrared=a, visible=b, stem=stem, scalings=both, names=names)
        for stem, (a, b) in sorted(pairs.items())
    ]


def fuse(
    model: nn.Module,
    sources: Sequence[Sources],
    out: Path,
    *,
    device: torch.device,
    keeps_chroma: bool = True,
    step: Callable[[int, int], None] = lambda done, total: None,
    made_by: str = "",
    overwrites: bool = True,
) -> list[Path]:
    """Write one PNG per pair and return the files; each is whole or absent.

    A file that the same network made of the same two sources is kept, so that a call goes on where
    an interrupted one ended.

    Args:
        model: A trained network.
        sources: What is fused.
        out: Folder, made when absent.
        device: Where the network runs.
        keeps_chroma: Whether the fused image has the chroma of its sources.
        step: Called with the number of fused pairs and of all.
        made_by: Id of the run, written into the files; without one every file is made anew.
        overwrites: Whether other files of the same names are replaced.

    Every pair that is to be fused is decoded and measured first, so that nothing is written where
    one of them cannot be fused. What looks wrong with the sources is logged as a warning.

    Raises:
        DataError: The two images of a pair differ in size, one cannot be read or is too small or
            too large for the network, for all pairs together; a fused file would replace one of
            the sources, or another file while `overwrites` is off.
    """
    paths = [out / f"{pair.stem}.png" for pair in sources]
    _check_apart(sources, paths)
    weights = _weights_digest(model)
    marks = [
        _digest(pair, f"{made_by} {weights} {keeps_chroma}") if made_by else "" for pair in sources
    ]
    made = [bool(mark) and _mark_of(path) == mark for path, mark in zip(paths, marks, strict=True)]
    if not overwrites:
        _check_free([path for path, is_made in zip(paths, made, strict=True) if not is_made])
    _check(
        model, [pair for pair, is_made in zip(sources, made, strict=True) if not is_made], device
    )
    out.mkdir(parents=True, exist_ok=True)
    model.to(device)
    step(0, len(sources))
    for done, (pair, path, mark) in enumerate(zip(sources, paths, marks, strict=True), start=1):
        if not made[done - 1]:
            _write(_fused(model, pair, device, keeps_chroma=keeps_chroma), path, made_by, mark)
        step(done, len(sources))
    return paths


def _check(model: nn.Module, sources: Sequence[Sources], device: torch.device) -> None:
    """Raise DataError with the faults of all pairs; warn of what looks wrong with them."""
    faults: list[Problem] = []
    suspicions = Suspicions(sources=sources[0].names if sources else INFRARED_VISIBLE)
    known: dict[tuple[int, ...], str] = {}  # what is wrong with a size, "" where nothing is
    for pair in sources:
        try:
            infrared, visible = (
                decode.grey_and_colour(path, levels=scaling.levels)
                for path, scaling in zip((pair.infrared, pair.visible), pair.scalings, strict=True)
            )
        except DataError as error:
            both = (pair.infrared, pair.visible)
            file = next((path for path in both if str(error).startswith(f"{path}: ")), both[1])
            faults.append(Problem.of(file, error))
            continue
        shape = infrared[0].shape
        if shape != visible[0].shape:
            faults.append(_differ(pair, shape, visible[0].shape))
            continue
        suspicions.add((pair.infrared, pair.visible), infrared=infrared, visible=visible)
        if shape not in known:
            known[shape] = _fault_of_size(model, shape, device)
        if known[shape]:
            faults.append(Problem.of(pair.visible, DataError(known[shape])))
    if faults:
        raise DataError("\n".join(in_lines(faults)))
    for problem in suspicions.problems():
        logger.warning("%s", problem)


def _fault_of_size(model: nn.Module, shape: tuple[int, ...], device: torch.device) -> str:
    try:
        check_shape(model, height=shape[0], width=shape[1])
        check_room(model, height=shape[0], width=shape[1], device=device)
    except ShapeError as error:
        return str(error)
    return ""


def _differ(pair: Sources, infrared: tuple[int, ...], visible: tuple[int, ...]) -> Problem:
    sizes = f"{visible[1]}x{visible[0]}, {infrared[1]}x{infrared[0]}"
    what = f"differs in size from {pair.infrared} ({sizes})"
    return Problem(file=pair.visible, what=what, fix="register them first")


def _fused(
    model: nn.Module, pair: Sources, device: torch.device, *, keeps_chroma: bool
) -> NDArray[np.uint8]:
    infrared, visible, chroma = pair.read()
    height, width = visible.shape
    try:
        with torch.inference_mode():
            fused = model(
                infrared=image_tensor(infrared, device), visible=image_tensor(visible, device)
            )
    except ShapeError as error:
        raise DataError(f"{pair.visible}: {error}") from None
    except (RuntimeError, MemoryError) as error:
        if "memory" not in str(error).lower() and not isinstance(error, MemoryError):
            raise
        raise DataError(
            f"{pair.visible}: {width}x{height} does not fit into the memory of {device}; use "
            "--tile 1024, smaller images or another machine"
        ) from None
    brightness: NDArray[np.uint8] = to_uint8(fused.float()).cpu().numpy().squeeze((0, 1))
    if chroma is None or not keeps_chroma:
        return brightness
    return recombine(brightness, chroma)


def _write(image: NDArray[np.uint8], path: Path, made_by: str, mark: str) -> None:
    text = PngInfo()
    if made_by:
        text.add_text(RUN, made_by)
        text.add_text(MADE_FROM, mark)
    with replacing(path) as beside:
        Image.fromarray(image).save(beside, format="PNG", pnginfo=text)


def _check_apart(sources: Sequence[Sources], paths: Sequence[Path]) -> None:
    """Raise DataError when a fused file would replace a source."""
    given = {path.resolve() for pair in sources for path in (pair.infrared, pair.visible)}
    struck = [path for path in paths if path.resolve() in given]
    if struck:
        raise DataError(f"{struck[0]}: is one of the images to fuse; name another --out")


def _check_free(paths: Sequence[Path]) -> None:
    there = [path for path in paths if path.exists()]
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise DataError(
            f"{there[0]}{more}: exists, made by another run or of other images; name another "
            "--out, or say --overwrite"
        )


def _weights_digest(model: nn.Module) -> str:
    content = hashlib.sha256()
    for name, value in model.state_dict().items():
        content.update(name.encode())
        content.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return content.hexdigest()


def _digest(pair: Sources, how: str) -> str:
    """Return the hash of the sources of a fused image and of the way it was made."""
    content = hashlib.sha256(how.encode())
    for scaling in pair.scalings:
        if scaling.name != decode.HIGH_BYTE:
            content.update(f"{scaling.name} {scaling.range}".encode())
    for path in (pair.infrared, pair.visible):
        with path.open("rb") as file:
            content.update(hashlib.file_digest(file, "sha256").digest())
    return content.hexdigest()[:32]


def _mark_of(path: Path) -> str | None:
    """Return the digest in a fused file, None where there is none."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            image.verify()
            mark = image.info.get(MADE_FROM)
            return mark if isinstance(mark, str) else None
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError):
        return None
