"""Pixels of more than 8 bits as 8-bit grey: which of their values become black and white.

`high_byte` takes 65535 for white. The others stretch what is there, each side of a set for itself:
from its least to its largest value over all images (`min_max_set`), from its 0.5th to its 99.5th
percentile (`percentiles_set`, what lies outside is clipped), or image by image (`min_max_image`,
after which grey levels of two images no longer compare). Images of 8 bits stay as they are.
"""

import functools
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ablate.data import decode
from ablate.data.decode import HIGH_BYTE, Levels
from ablate.errors import DataError

logger = logging.getLogger(__name__)
SCALINGS: Final = (HIGH_BYTE, "min_max_set", "percentiles_set", "min_max_image")
PERCENTILES: Final = (0.5, 99.5)
KELVIN: Final = 273.15
_BINS: Final = 65_536
_PLAUSIBLE_C: Final = (-60.0, 700.0)  # temperatures of scenes


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRange:
    """The values of a side of a set that become black and white."""

    low: float
    high: float
    images: int

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{_degrees(self.low, self.high)}"


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """How the images of one side of a set become 8-bit grey; the range is found when first needed.

    Args:
        name: One of `SCALINGS`.
        paths: All images of the side.
    """

    name: str = HIGH_BYTE
    paths: tuple[Path, ...] = field(default=(), repr=False)

    @functools.cached_property
    def range(self) -> ValueRange | None:
        """The range of the whole side; None where each image has its own, or all have 8 bits.

        Images that cannot be read are left out: whoever decodes them says so.
        """
        if not self.name.endswith("_set"):
            return None
        found = _measured(self.paths, is_trimmed=self.name.startswith("percentiles"))
        if found:
            folder = self.paths[0].parent
            logger.info("%s: %s of %d images become 0 to 255", folder, found, found.images)
        return found

    @property
    def levels(self) -> Levels:
        """What `ablate.data.decode` asks for pixels of more than 8 bits."""
        return decode.high_byte if self.name == HIGH_BYTE else self._stretched

    def _stretched(self, values: NDArray[Any], path: Path) -> NDArray[np.uint8]:
        """Return 8-bit grey.

        Raises:
            DataError: A pixel is not a finite number.
        """
        if not np.isfinite(values).all():
            raise DataError(f"{path}: has pixels that are not finite numbers; replace the file")
        if over_all := self.range:
            low, high = over_all.low, over_all.high
        else:
            low, high = float(values.min()), float(values.max())
        if high <= low:  # an image, or a set, without contrast
            return np.zeros(values.shape, np.uint8)
        part = (values.astype(np.float64) - low) / (high - low)
        made: NDArray[np.uint8] = np.rint(part.clip(0, 1) * 255).astype(np.uint8)
        return made


def scalings(name: str, pairs: Iterable[tuple[Path, Path]]) -> tuple[Scaling, Scaling]:
    """Return the scalings of either side of some pairs of files."""
    both = list(pairs)
    first, second = (tuple(pair[side] for pair in both) for side in (0, 1))
    return Scaling(name=name, paths=first), Scaling(name=name, paths=second)


def _measured(paths: Iterable[Path], *, is_trimmed: bool) -> ValueRange | None:
    """Return the range of the finite values of all deep images, in two passes where trimmed."""
    deep: list[Path] = []
    low, high = np.inf, -np.inf
    for path in paths:
        values = _values(path)
        if values is not None and values.size:
            deep.append(path)
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    if not deep:
        return None
    if is_trimmed and high > low:
        low, high = _trimmed(deep, low=low, high=high)
    return ValueRange(low=low, high=high, images=len(deep))


def _trimmed(paths: Iterable[Path], *, low: float, high: float) -> tuple[float, float]:
    """Return the two percentiles, to a 65536th of the range."""
    counts = np.zeros(_BINS, np.int64)
    for path in paths:
        values = _values(path)
        if values is not None:
            part = (values.astype(np.float64) - low) / (high - low)
            places = np.rint(part * (_BINS - 1)).astype(np.int64)
            counts += np.bincount(places.ravel(), minlength=_BINS)
    below = counts.cumsum() / counts.sum() * 100
    ends = np.searchsorted(below, PERCENTILES)
    least, most = (low + (high - low) * float(end) / (_BINS - 1) for end in ends)
    return (least, most) if most > least else (low, high)


def _values(path: Path) -> NDArray[Any] | None:
    """Return the finite values of an image of more than 8 bits, None for any other."""
    try:
        values = decode.deep_values(path)
    except DataError:
        return None
    return None if values is None else values[np.isfinite(values)]


def _degrees(low: float, high: float) -> str:
    """Return the range as temperatures where it looks like hundredths of a kelvin."""
    cold, warm = low / 100 - KELVIN, high / 100 - KELVIN
    if not _PLAUSIBLE_C[0] <= cold <= warm <= _PLAUSIBLE_C[1]:
        return ""
    return f" ({cold:.1f} to {warm:.1f} °C if these are hundredths of a kelvin)"
