"""Whether the images of a pair are what they are taken for: each an image, and infrared infrared.

A constant image shows nothing. A copy correlates with the visible image by more than 0.99; in 231
real pairs (MSRS, RoadScene, TNO) the most was 0.72. Colour, the mean spread of the channels, is 0
in their infrared images, at most 2.0 in recompressed ones (KAIST), and at least 3.0 in colour
photographs: an infrared image of more than 4 is a rendering in false colours or a visible one.

False colours come from a palette, so that brightness explains them (all but 0.15 of the variance;
at least 0.16 were left in 204 photographs) or, where the palette is a rainbow, they are far more
saturated (a spread of at least 170) than the photographs (at most 65). Other infrared images with
colour are visible ones: exchanged with their partner if that has less than half as much colour.
Where both sides are grey, as in TNO, an exchange cannot be seen and is not reported.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablate.data.decode import Colour
from ablate.data.problems import Problem

COPY_CORRELATION = 0.99
COLOURED_LEVELS = 4.0
PALETTE_SCATTER = 0.15
PALETTE_LEVELS = 100.0
CONSTANT_LEVELS = 2  # between the darkest and the brightest pixel: what compression adds to black
_FEW = 3  # so many coloured images are named one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Tint:
    """Colour of a pair's two images."""

    file: Path  # the infrared one
    infrared: Colour
    visible: Colour

    @property
    def is_false(self) -> bool:
        """Return whether the infrared image is coloured by a palette."""
        return self.infrared.scatter < PALETTE_SCATTER or self.infrared.spread > PALETTE_LEVELS

    @property
    def is_swapped(self) -> bool:
        """Return whether the colour stands on the wrong side."""
        return not self.is_false and self.visible.spread < self.infrared.spread / 2


@dataclass(slots=True)
class Suspicions:
    """Collects what looks wrong with pairs, one after the other.

    A pair with a constant image or a copy is not looked at further.
    """

    constant: dict[Path, Problem] = field(default_factory=dict)
    copies: list[Problem] = field(default_factory=list)
    tints: list[Tint] = field(default_factory=list)

    def add(
        self,
        files: tuple[Path, Path],
        *,
        infrared: tuple[NDArray[np.uint8], Colour],
        visible: tuple[NDArray[np.uint8], Colour],
    ) -> None:
        """Look at a pair of equal size: each image with its colour, and its file."""
        images = (infrared[0], visible[0])
        constant = {
            path: problem
            for path, image in zip(files, images, strict=True)
            if (problem := _constant(path, image))
        }
        if constant:
            self.constant |= constant
        elif is_copy(*images):
            what = "the infrared image is a copy of the visible one"
            self.copies.append(
                Problem(file=files[0], what=what, fix="replace it or remove the pair")
            )
        else:
            self.tints.append(Tint(file=files[0], infrared=infrared[1], visible=visible[1]))

    def problems(self) -> list[Problem]:
        """Return what was found: constant images, copies, then colour on the infrared side."""
        return [*self.constant.values(), *self.copies, *coloured(self.tints)]


def _constant(file: Path, image: NDArray[np.uint8]) -> Problem | None:
    low, high = int(image.min()), int(image.max())
    if high - low > CONSTANT_LEVELS:
        return None
    levels = f"every pixel is {low}" if low == high else f"levels {low} to {high}"
    return Problem(
        file=file, what=f"constant image ({levels})", fix="replace it or remove the pair"
    )


def is_copy(infrared: NDArray[np.uint8], visible: NDArray[np.uint8]) -> bool:
    """Return whether the infrared image is the visible one, perhaps recompressed or rescaled."""
    if np.array_equal(infrared, visible):
        return True
    one, other = (image.astype(np.float32) - image.mean() for image in (infrared, visible))
    energy = float(np.sqrt((one**2).sum(dtype=np.float64) * (other**2).sum(dtype=np.float64)))
    return energy > 0 and float((one * other).sum(dtype=np.float64)) / energy > COPY_CORRELATION


def coloured(tints: Sequence[Tint]) -> list[Problem]:
    """Return a problem per coloured infrared image, or one per cause where most are coloured."""
    wrong = [tint for tint in tints if tint.infrared.spread > COLOURED_LEVELS]
    if len(wrong) <= max(_FEW, len(tints) / 2):
        return [_problem([tint], "has") for tint in wrong]
    causes: dict[tuple[bool, bool], list[Tint]] = {}
    for tint in wrong:
        causes.setdefault((tint.is_false, tint.is_swapped), []).append(tint)
    return [
        _problem(some, f"{len(some)} of {len(tints)} infrared images have")
        if len(some) > 1
        else _problem(some, "has")
        for some in causes.values()
    ]


def _problem(tints: Sequence[Tint], subject: str) -> Problem:
    first = tints[0]
    file = first.file if len(tints) == 1 else first.file.parent
    infrared = statistics.median(tint.infrared.spread for tint in tints)
    spread = f"{subject} colour (channels {infrared:.1f} levels apart"
    if first.is_swapped:
        visible = statistics.median(tint.visible.spread for tint in tints)
        return Problem(
            file=file,
            what=f"{spread}, the visible side {visible:.1f}): infrared and visible are "
            f"probably swapped",
            fix="exchange them",
        )
    if first.is_false:
        return Problem(
            file=file,
            what=f"{spread}): false colours of a palette, not temperatures",
            fix="use the grey infrared image",
        )
    return Problem(
        file=file,
        what=f"{spread}): not raw infrared but a visible image or a tinted one",
        fix="use the grey infrared image",
    )
