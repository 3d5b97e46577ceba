"""Fuses image files: luminance by the network, chroma from the visible image."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from ablate.data import decode
from ablate.data.folder_pairs import pair_up
from ablate.errors import DataError
from ablate.imaging.colour import recombine
from ablate.training.scoring import image_tensor, to_uint8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """One pair of files and the name that its fused image gets."""

    infrared: Path
    visible: Path
    stem: str


def gather(infrared: Path, visible: Path) -> list[Sources]:
    """Return the pairs of two files, or of two folders by stem.

    Raises:
        DataError: Neither two files nor two folders, or files without a partner: all in one text.
    """
    if infrared.is_file() and visible.is_file():
        return [Sources(infrared=infrared, visible=visible, stem=visible.stem)]
    if infrared.is_file() or visible.is_file():
        raise DataError(
            f"{infrared} and {visible}: one is a file, the other is not; give two files or two "
            "folders"
        )
    pairs, problems = pair_up((infrared, visible))
    if problems:
        raise DataError("\n".join(str(problem) for problem in problems))
    return [Sources(infrared=a, visible=b, stem=stem) for stem, (a, b) in sorted(pairs.items())]


def fuse(
    model: nn.Module,
    sources: Sequence[Sources],
    out: Path,
    *,
    device: torch.device,
    keeps_chroma: bool = True,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> list[Path]:
    """Write one PNG per pair and return the files; each is whole or absent.

    Args:
        model: A trained network.
        sources: What is fused.
        out: Folder, made when absent.
        device: Where the network runs.
        keeps_chroma: Whether a colour visible image gives its chroma to the fused one.
        step: Told how many of how many are done.

    Raises:
        DataError: The two images of a pair differ in size, or one cannot be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    model.to(device)
    paths = []
    for done, pair in enumerate(sources, start=1):
        path = out / f"{pair.stem}.png"
        beside = out / f".{pair.stem}.png.new"
        Image.fromarray(_fused(model, pair, device, keeps_chroma=keeps_chroma)).save(
            beside, format="PNG"
        )
        beside.replace(path)
        paths.append(path)
        step(done, len(sources))
    return paths


def _fused(
    model: nn.Module, pair: Sources, device: torch.device, *, keeps_chroma: bool
) -> NDArray[np.uint8]:
    infrared = decode.grey(pair.infrared)
    visible, chroma = decode.colour(pair.visible)
    if infrared.shape != visible.shape:
        heights = f"{infrared.shape[1]}x{infrared.shape[0]}, {visible.shape[1]}x{visible.shape[0]}"
        raise DataError(
            f"{pair.infrared} and {pair.visible}: differ in size ({heights}); register them first"
        )
    with torch.no_grad():
        fused = model(
            infrared=image_tensor(infrared, device), visible=image_tensor(visible, device)
        )
    brightness: NDArray[np.uint8] = to_uint8(fused.float()).cpu().numpy().squeeze((0, 1))
    if chroma is None or not keeps_chroma:
        return brightness
    return recombine(brightness, chroma)
