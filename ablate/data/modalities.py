"""Whether the infrared image of a pair is one: neither a copy of the visible one, nor coloured.

A copy correlates with the visible image by more than 0.99; in 231 real pairs (MSRS, RoadScene, TNO)
the most was 0.72. Colour, the mean spread of the channels, is 0 in their infrared images, at most
2.0 in recompressed ones (KAIST), and at least 3.0 in colour photographs: an infrared image of more
than 4 is a visible one, if its partner has less than half as much, else a rendering in false
colours. Where both sides are grey, as in TNO, an exchange cannot be seen and is not reported.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablate.data.problems import Problem

COPY_CORRELATION = 0.99
COLOURED_LEVELS = 4.0
_FEW = 3  # so many coloured images are named one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Tint:
    """Colour of a pair's two images, in grey levels."""

    file: Path  # the infrared one
    infrared: float
    visible: float

    @property
    def is_swapped(self) -> bool:
        """Return whether the colour stands on the wrong side."""
        return self.visible < self.infrared / 2


def is_copy(infrared: NDArray[np.uint8], visible: NDArray[np.uint8]) -> bool:
    """Return whether the infrared image is the visible one, perhaps recompressed or rescaled."""
    if np.array_equal(infrared, visible):
        return True
    one, other = (image.astype(np.float32) - image.mean() for image in (infrared, visible))
    energy = float(np.sqrt((one**2).sum(dtype=np.float64) * (other**2).sum(dtype=np.float64)))
    return energy > 0 and float((one * other).sum(dtype=np.float64)) / energy > COPY_CORRELATION


def coloured(tints: Sequence[Tint]) -> list[Problem]:
    """Return a problem per coloured infrared image, or one for the folder where most are."""
    wrong = [tint for tint in tints if tint.infrared > COLOURED_LEVELS]
    if len(wrong) > max(_FEW, len(tints) / 2):
        middle = Tint(
            file=wrong[0].file.parent,
            infrared=statistics.median(tint.infrared for tint in wrong),
            visible=statistics.median(tint.visible for tint in wrong),
        )
        return [_problem(middle, f"{len(wrong)} of {len(tints)} infrared images have")]
    return [_problem(tint, "has") for tint in wrong]


def _problem(tint: Tint, subject: str) -> Problem:
    spread = f"{subject} colour (channels {tint.infrared:.1f} levels apart"
    if tint.is_swapped:
        return Problem(
            file=tint.file,
            what=f"{spread}, the visible side {tint.visible:.1f}): infrared and visible are "
            f"probably swapped",
            fix="exchange them",
        )
    return Problem(
        file=tint.file,
        what=f"{spread}): not raw infrared but false colours or a visible image",
        fix="use the grey infrared image",
    )
