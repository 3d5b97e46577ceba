"""Whether the images of a pair are what they are taken for: each an image, and infrared infrared.

A constant image shows nothing. A copy correlates with its partner by more than 0.99; in 231 real
pairs of infrared and visible images (MSRS, RoadScene, TNO) the most was 0.72. Photographs of the
same light, focused or exposed in two ways, may well: of those only equal pixels are copies.

Colour, the mean spread of the channels, is 0 in infrared images, at most 2.0 in recompressed ones
(KAIST), and at least 3.0 in colour photographs: a source that is grey by its nature (infrared, MRI,
CT) with more than 4 is a rendering in false colours or its partner.

False colours come from a palette, so that brightness explains them (all but 0.15 of the variance;
at least 0.16 were left in 204 photographs) or, where the palette is a rainbow, they are far more
saturated (a spread of at least 170) than the photographs (at most 65). Other infrared images with
colour are visible ones: exchanged with their partner if that has less than half as much colour.
Where both sides are grey, as in TNO, an exchange cannot be seen and is not reported. Of two
photographs one cannot be grey where the other has colour.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablate.data.decode import Colour
from ablate.data.problems import Problem
from ablate.settings.sources import INFRARED_VISIBLE, Sources, known

COPY_CORRELATION = 0.99
COLOURED_LEVELS = 4.0
PALETTE_SCATTER = 0.15
PALETTE_LEVELS = 100.0
CONSTANT_LEVELS = 2  # between the darkest and the brightest pixel: what compression adds to black
_FEW = 3  # so many coloured images are named one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Tint:
    """Colour of an image that should have none, and of its partner.

    Args:
        file: The image.
        name: Its source.
        partner: The other source.
        own: Its colour.
        other: That of its partner.
    """

    file: Path
    name: str
    partner: str
    own: Colour
    other: Colour

    @property
    def is_false(self) -> bool:
        """Return whether the image is coloured by a palette."""
        return self.own.scatter < PALETTE_SCATTER or self.own.spread > PALETTE_LEVELS

    @property
    def is_swapped(self) -> bool:
        """Return whether the colour stands on the wrong side.

        A partner that false colours are usual in (PET, SPECT) may have been exchanged with it too.
        """
        if self.partner != "visible":
            return self.other.spread < self.own.spread / 2 and not known(self.partner).is_grey
        return not self.is_false and self.other.spread < self.own.spread / 2


@dataclass(slots=True)
class Suspicions:
    """Collects what looks wrong with pairs, one after the other.

    A pair with a constant image or a copy is not looked at further.

    Args:
        sources: What the two images of a pair are called.
    """

    sources: Sources = INFRARED_VISIBLE
    constant: dict[Path, Problem] = field(default_factory=dict)
    copies: list[Problem] = field(default_factory=list)
    tints: dict[str, list[Tint]] = field(default_factory=dict)  # of sources that have no colour
    greys: list[Problem] = field(default_factory=list)

    def add(
        self,
        files: tuple[Path, Path],
        *,
        infrared: tuple[NDArray[np.uint8], Colour],
        visible: tuple[NDArray[np.uint8], Colour],
    ) -> None:
        """Look at a pair of equal size: each image with its colour, and its file.

        Args:
            files: Of the first and of the second source.
            infrared: The first.
            visible: The second.
        """
        images = (infrared[0], visible[0])
        constant = {
            path: problem
            for path, image in zip(files, images, strict=True)
            if (problem := _constant(path, image))
        }
        if constant:
            self.constant |= constant
        elif is_copy(*images, alike=self._are_photographs()):
            what = "the {} image is a copy of the {} one".format(*self.sources)
            self.copies.append(
                Problem(file=files[0], what=what, fix="replace it or remove the pair")
            )
        else:
            self._add_colours(files, (infrared[1], visible[1]))

    def problems(self) -> list[Problem]:
        """Return what was found: constant images, copies, then colour where there is none."""
        tints = [problem for some in self.tints.values() for problem in coloured(some)]
        return [*self.constant.values(), *self.copies, *tints, *self.greys]

    def _are_photographs(self) -> bool:
        return all(known(name).is_photograph for name in self.sources)

    def _add_colours(self, files: tuple[Path, Path], colours: tuple[Colour, Colour]) -> None:
        for at, name in enumerate(self.sources):
            other = 1 - at
            if known(name).is_grey:
                tint = Tint(
                    file=files[at],
                    name=name,
                    partner=self.sources[other],
                    own=colours[at],
                    other=colours[other],
                )
                self.tints.setdefault(name, []).append(tint)
            has_none = colours[at].spread == 0 and colours[other].spread > COLOURED_LEVELS
            if has_none and self._are_photographs():
                what = f"the {name} image is grey, the {self.sources[other]} one in colour"
                fix = "use both in colour, or both in grey"
                self.greys.append(Problem(file=files[at], what=what, fix=fix))


def _constant(file: Path, image: NDArray[np.uint8]) -> Problem | None:
    low, high = int(image.min()), int(image.max())
    if high - low > CONSTANT_LEVELS:
        return None
    levels = f"every pixel is {low}" if low == high else f"levels {low} to {high}"
    return Problem(
        file=file, what=f"constant image ({levels})", fix="replace it or remove the pair"
    )


def is_copy(first: NDArray[np.uint8], second: NDArray[np.uint8], *, alike: bool = False) -> bool:
    """Return whether one image is the other, perhaps recompressed or rescaled.

    Args:
        first: (height, width).
        second: Same shape.
        alike: Whether pairs resemble each other anyway: then only equal pixels are a copy.
    """
    if alike or np.array_equal(first, second):
        return np.array_equal(first, second)
    one, other = (image.astype(np.float32) - image.mean() for image in (first, second))
    energy = float(np.sqrt((one**2).sum(dtype=np.float64) * (other**2).sum(dtype=np.float64)))
    return energy > 0 and float((one * other).sum(dtype=np.float64)) / energy > COPY_CORRELATION


def coloured(tints: Sequence[Tint]) -> list[Problem]:
    """Return a problem per coloured image, or one per cause where most are coloured.

    Args:
        tints: Of one source, which has no colour by its nature.
    """
    wrong = [tint for tint in tints if tint.own.spread > COLOURED_LEVELS]
    if len(wrong) <= max(_FEW, len(tints) / 2):
        return [_problem([tint], "has") for tint in wrong]
    causes: dict[tuple[bool, bool], list[Tint]] = {}
    for tint in wrong:
        causes.setdefault((tint.is_false, tint.is_swapped), []).append(tint)
    return [
        _problem(some, f"{len(some)} of {len(tints)} {some[0].name} images have")
        if len(some) > 1
        else _problem(some, "has")
        for some in causes.values()
    ]


def _problem(tints: Sequence[Tint], subject: str) -> Problem:
    first = tints[0]
    file = first.file if len(tints) == 1 else first.file.parent
    own = statistics.median(tint.own.spread for tint in tints)
    name, partner, fix = first.name, first.partner, f"use the grey {first.name} image"
    spread = f"{subject} colour (channels {own:.1f} levels apart"
    if first.is_swapped:
        other = statistics.median(tint.other.spread for tint in tints)
        return Problem(
            file=file,
            what=f"{spread}, the {partner} side {other:.1f}): {name} and {partner} are probably "
            "swapped",
            fix="exchange them",
        )
    if first.is_false:
        values = "temperatures" if name == "infrared" else f"levels of {name}"
        what = f"{spread}): false colours of a palette, not {values}"
        return Problem(file=file, what=what, fix=fix)
    another = "" if known(partner).is_grey else f"a {partner} image or "
    what = f"{spread}): not raw {name} but {another}a tinted one"
    return Problem(file=file, what=what, fix=fix)
