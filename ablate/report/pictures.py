"""Published pictures as arrays: which to show, where to look closer, and their gradients."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ablate.analysis.question import label_of
from ablate.published import ShownImage
from ablate.report.contents import Contents

Picture = NDArray[np.float64]
BESIDE = 2  # sources, which stand beside the values
MOST_COLUMNS = 6  # values beside the two sources that stay legible across a page
ZOOM = 4  # the closer look shows this part of the shorter side


def as_png(image: Image.Image) -> str:
    """Return an image as base64 of PNG, for a page."""
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def columns(contents: Contents) -> list[tuple[str, str]]:
    """Return (label, name in the gallery) of what stands abreast: sources, then values or arms."""
    facts = contents.facts
    names = dict(zip(contents.runs["arm_id"], contents.runs["arm"], strict=True))
    question = facts.question(facts.gallery.question)
    arms: Sequence[tuple[str, str]] = (
        [
            (label_of(value), names.get(arm, arm))
            for value, arm in zip(question.values, question.arms, strict=True)
        ]
        if question
        else [(arm, arm) for arm in facts.arms or map(names.get, facts.gallery.runs) if arm]
    )
    there = [(label, arm) for label, arm in arms if arm in contents.gallery]
    return [
        *((name, name) for name in facts.sources if name in contents.gallery),
        *there[:MOST_COLUMNS],
    ]


def missing(contents: Contents) -> str | None:
    """Return why there is no picture to show, None when there are some."""
    if contents.no_pictures:
        return contents.no_pictures
    if len(columns(contents)) < BESIDE + 1:
        return "no pictures were published (train.gallery=0, or no run has finished)"
    return None


def chosen(contents: Contents) -> list[ShownImage]:
    """The images that are shown: those of the rule, then those asked for.

    Without a rule, the first three.
    """
    there = contents.gallery.get(contents.facts.sources[0], {})
    found = [one for one in contents.facts.gallery.images if one.image in there]
    known = {one.image for one in found}
    found += [
        ShownImage(image=name, why="asked for")
        for name in contents.wanted
        if name in there and name not in known
    ]
    return found or [ShownImage(image=name) for name in sorted(there)[:3]]


def read(contents: Contents, name: str, image: str) -> Picture | None:
    """Return a picture in [0, 255], None where it was not published."""
    path = contents.gallery.get(name, {}).get(image)
    return None if path is None else np.asarray(Image.open(path).convert("L"), dtype=np.float64)


def window_of(contents: Contents, image: str) -> tuple[slice, slice] | None:
    """Return the window of the closer look at an image, None where no value has a picture of it."""
    found = [read(contents, name, image) for _, name in columns(contents)[BESIDE:]]
    there = [picture for picture in found if picture is not None]
    alike = [picture for picture in there if picture.shape == there[0].shape]
    return closer(alike) if alike else None


def closer(pictures: Sequence[Picture]) -> tuple[slice, slice]:
    """Return the window in which fused pictures differ the most: a quarter of the shorter side.

    Of windows that differ as much, the first from the top left.
    """
    spread = np.stack(pictures).std(axis=0)
    side = max(8, min(spread.shape) // ZOOM)
    side = min(side, *spread.shape)
    sums = np.pad(spread, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    boxes = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    top, left = np.unravel_index(int(np.round(boxes, 6).argmax()), boxes.shape)
    return slice(int(top), int(top) + side), slice(int(left), int(left) + side)


def gradients(picture: Picture) -> tuple[Picture, Picture]:
    """Return the horizontal and vertical Sobel response, signs kept, edges repeated."""
    across: Picture = ndimage.sobel(picture, axis=1, mode="nearest")
    down: Picture = ndimage.sobel(picture, axis=0, mode="nearest")
    return across, down


def strength(picture: Picture) -> Picture:
    """Return |Gx| + |Gy|."""
    across, down = gradients(picture)
    found: Picture = np.abs(across) + np.abs(down)
    return found
