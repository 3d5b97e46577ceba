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
    confirmed = _confirmed(contents)
    question = facts.question(facts.gallery.question)
    arms: Sequence[tuple[str, str]] = (
        [
            (label_of(value), names.get(arm, arm))
            for value, arm in zip(question.values, question.arms, strict=True)
        ]
        if question
        else [
            (confirmed.get(arm, arm), arm)
            for arm in facts.arms or map(names.get, facts.gallery.runs)
            if arm
        ]
    )
    there = [(label, arm) for label, arm in arms if arm in contents.gallery]
    return [
        *((name, name) for name in facts.sources if name in contents.gallery),
        *there[:MOST_COLUMNS],
    ]


def _confirmed(contents: Contents) -> dict[str, str]:
    """Return arm -> its name in the confirmation whose runs are shown, such as winner 1."""
    shown = contents.runs[contents.runs["run_id"].isin(contents.facts.gallery.runs.values())]
    recipes = {
        recipe: name
        for one in contents.facts.confirmations
        if one.phase in set(shown["phase"])
        for name, recipe in one.recipes
    }
    if not recipes:
        return {}
    return {
        arm: recipes[recipe]
        for arm, recipe in zip(shown["arm"], shown["recipe_id"], strict=True)
        if recipe in recipes
    }


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


def shown(contents: Contents, name: str, image: str) -> NDArray[np.uint8] | None:
    """Return a picture as a reader sees it: (height, width), or (height, width, 3) with colour.

    Sources with colour are shown in it, and fused images with the colour that they take over.
    """
    path = contents.coloured.get(name, {}).get(image)
    if path is None:
        grey = read(contents, name, image)
        return None if grey is None else grey.astype(np.uint8)
    return np.asarray(Image.open(path).convert("RGB"), dtype=np.uint8)


def window_of(contents: Contents, image: str) -> tuple[slice, slice] | None:
    """Return the window of the closer look at an image, None where no value has a picture of it.

    It is the one in which both sources show the most detail, so it is the same for all values. Of
    sources that show another part of the scene the fused images stand in.
    """
    found = [read(contents, name, image) for _, name in columns(contents)]
    fused = [picture for picture in found[BESIDE:] if picture is not None]
    if not fused:
        return None
    shape = fused[0].shape
    sources = [one for one in found[:BESIDE] if one is not None and one.shape == shape]
    if len(sources) < BESIDE:
        sources = [picture for picture in fused if picture.shape == shape]
    return detailed(sources)


def detailed(pictures: Sequence[Picture]) -> tuple[slice, slice]:
    """Return the window with the most detail in all pictures: a quarter of the shorter side.

    Detail is the sum of the squared gradients in the window, as a share of the picture's largest;
    what counts is its geometric mean over the pictures. Of equal windows, the first from the top
    left.
    """
    side = max(8, min(pictures[0].shape) // ZOOM)
    side = min(side, *pictures[0].shape)
    worth = np.ones(())
    for picture in pictures:
        across, down = gradients(picture)
        sums = np.pad(across**2 + down**2, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
        boxes = sums[side:, side:] - sums[:-side, side:]
        boxes = boxes - sums[side:, :-side] + sums[:-side, :-side]
        worth = worth * (boxes / boxes.max() if boxes.max() > 0 else np.ones_like(boxes))
    worth = worth ** (1 / len(pictures))
    top, left = np.unravel_index(int(np.round(worth, 6).argmax()), worth.shape)
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
