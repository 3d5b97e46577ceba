"""One picture of every value in one place, to flip between, with its gradients beside it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ablate.report import pictures
from ablate.report.blocks import Flipped, Frame
from ablate.report.contents import Contents

WIDEST_PX = 480
MOST = 8  # frames: the style sheet knows as many
SHARE = 99.5  # percentile of the gradients that is white


def flipped(contents: Contents) -> Iterator[Flipped]:
    """Yield the first image that is there of both sources and of every value; at most one."""
    if pictures.missing(contents) is not None:
        return
    columns = pictures.columns(contents)[:MOST]
    for entry in pictures.chosen(contents):
        read = [pictures.read(contents, name, entry.image) for _, name in columns]
        there = [picture for picture in read if picture is not None]
        if len(there) < len(columns) or len({picture.shape for picture in there}) > 1:
            continue
        small = [_small(picture) for picture in there]
        coloured = [pictures.shown(contents, name, entry.image) for _, name in columns]
        seen = [_small(picture) for picture in coloured if picture is not None]
        strengths = [pictures.strength(picture) for picture in small]
        reach = float(np.percentile(np.stack(strengths), SHARE)) or 1.0
        height, width = small[0].shape
        yield Flipped(
            image=entry.image,
            width=width,
            height=height,
            frames=tuple(
                Frame(label=label, picture=_png(picture), gradient=_png(255 * found / reach))
                for (label, _), picture, found in zip(columns, seen, strengths, strict=True)
            ),
        )
        return


def _small(picture: NDArray[Any]) -> pictures.Picture:
    """Return a picture no wider than a page shows it."""
    image = Image.fromarray(picture.astype(np.uint8))
    image.thumbnail((WIDEST_PX, WIDEST_PX), Image.Resampling.LANCZOS)
    return np.asarray(image, dtype=np.float64)


def _png(picture: pictures.Picture) -> str:
    return pictures.as_png(Image.fromarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8)))
