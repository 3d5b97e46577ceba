"""Pictures of one image while a run trains: sources beside the fused one, and their gradients."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from ablate.data.pairs import Pair
from ablate.imaging.gradients import sobel
from ablate.settings.sources import INFRARED_VISIBLE, Sources
from ablate.training.recorder import Recorder
from ablate.training.scoring import image_tensor, to_uint8

MOMENTS = 4  # equal parts of a training, a picture at the end of each
LINE_PX = 12  # height of the words above the tiles
GAP_PX = 2


def moments(steps: int) -> frozenset[int]:
    """Return the steps after which a run is looked at; 0, where sliders start, is before the first.

    Example:
        >>> sorted(moments(100)), sorted(moments(2))
        ([0, 25, 50, 75, 100], [0, 1, 2])
    """
    return frozenset(steps * part // MOMENTS for part in range(MOMENTS + 1))


def middle(pair: Pair, *, side: int) -> Pair:
    """Return the middle of both images, at most `side` pixels a side."""
    places = [max(0, (length - side) // 2) for length in pair.infrared.shape]
    part = tuple(slice(start, start + side) for start in places)
    return replace(pair, infrared=pair.infrared[part], visible=pair.visible[part], chroma=None)


def look(
    recorder: Recorder,
    pair: Pair,
    fused: Tensor,
    *,
    step: int,
    folder: Path,
    sources: Sources = INFRARED_VISIBLE,
) -> None:
    """Record two pictures: sources and fused image side by side, and their gradients.

    The gradients (length of the Sobel response) share one scale, on which the strongest of the
    sources is white; so pictures of several steps can be compared.

    Args:
        recorder: Receives "progress/NAME" and "gradients/NAME".
        pair: The sources.
        fused: Their fused image, (1, 1, height, width) in [0, 1].
        step: Of the training.
        folder: The run's own; the pictures lie below it.
        sources: What both are called.
    """
    cpu, name = torch.device("cpu"), pair.stem
    every = {
        sources[0]: image_tensor(pair.infrared, cpu),
        sources[1]: image_tensor(pair.visible, cpu),
        "fused": fused.detach().float().cpu().clamp(0, 1),
    }
    lengths = {
        word: torch.hypot(*sobel(image, padding="replicate", gain="unit"))
        for word, image in every.items()
    }
    strongest = max(float(length.max()) for length in list(lengths.values())[:2])
    shown = {word: length / max(strongest, 1e-6) for word, length in lengths.items()}
    for kind, tiles in (("progress", every), ("gradients", shown)):
        path = folder / "watched" / kind / f"{name}-{step}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        _strip(tiles).save(path)
        recorder.image(f"{kind}/{name}", path, step=step)


def _strip(tiles: Mapping[str, Tensor]) -> Image.Image:
    """Return the tiles side by side, each under its word."""
    pixels: list[NDArray[np.uint8]] = [to_uint8(tile).numpy()[0, 0] for tile in tiles.values()]
    height, width = pixels[0].shape
    whole = Image.new("L", ((width + GAP_PX) * len(pixels) - GAP_PX, height + LINE_PX), 255)
    pen = ImageDraw.Draw(whole)
    for at, (word, tile) in enumerate(zip(tiles, pixels, strict=True)):
        left = at * (width + GAP_PX)
        pen.text((left, 0), word, fill=0, font_size=LINE_PX - 3)
        whole.paste(Image.fromarray(tile), (left, LINE_PX))
    return whole
