"""The map from [0, 1] to the values of a dimension, and back.

Every design and every sampler that places points by itself uses this map. A discrete dimension
divides [0, 1] into one cell per value: all of equal width, except that a whole number on a log
scale has a cell from half below it to half above it, equal in the logarithm. The end values have
whole cells too, so none of them is drawn half as often as its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Floats: TypeAlias = "npt.NDArray[np.float64]"
HALF_ENDS, WHOLE_ENDS = 1, 2  # versions of the map, as the ledgers of stores record them
NEWEST: Final = WHOLE_ENDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One dimension as an axis from 0 to 1: a list of choices, or a range of numbers.

    Example:
        >>> Axis(low=1, high=8, is_log=True, is_whole=True).value(0.5)
        2
        >>> Axis(low=1e-4, high=1e-2, is_log=True).position(1e-3)
        0.5
    """

    choices: tuple[Any, ...] = ()  # empty for a range
    low: float = 0.0
    high: float = 1.0
    step: float | None = None
    is_log: bool = False
    is_whole: bool = False
    version: int = NEWEST  # HALF_ENDS: the end values of whole numbers on a log scale have half a
    # cell, as samplers of the versions before decision 0016 drew them

    @property
    def values(self) -> tuple[Any, ...] | None:
        """All values with cells of equal width, in order; None for any other axis."""
        if self.choices:
            return self.choices
        if self.is_log or not (self.is_whole or self.step is not None):
            return None
        step = self.step or 1
        count = int((self.high - self.low) / step + 1e-9) + 1
        if self.is_whole:
            return tuple(int(self.low + index * step) for index in range(count))
        return tuple(on_step(self.low + n * step, low=self.low, step=step) for n in range(count))

    def value(self, position: float) -> Any:
        """The value at a position in [0, 1]; numbers of a continuous range are not rounded."""
        values = self.values
        if values is not None:
            return values[min(int(position * len(values)), len(values) - 1)]
        low, high = self._ends
        value = low * (high / low) ** position if self.is_log else low + (high - low) * position
        if self.is_whole:
            return min(max(round(value), int(self.low)), int(self.high))
        return float(min(max(value, self.low), self.high))

    def position(self, value: float) -> float:
        """A position that `value` maps to this number: the middle of a cell of equal width."""
        values = self.values
        if values is not None:
            nearest = min(range(len(values)), key=lambda index: abs(values[index] - value))
            return (nearest + 0.5) / len(values)
        low, high = self._ends
        return float(positions([value], low=low, high=high, is_log=self.is_log)[0])

    @property
    def _ends(self) -> tuple[float, float]:
        if self.is_whole and self.version != HALF_ENDS:  # on a log scale: others have equal cells
            return self.low - 0.5, self.high + 0.5
        return float(self.low), float(self.high)


def on_step(value: float, *, low: float, step: float) -> float:
    """The decimal number nearest to `value` that whole steps reach from `low`.

    Sums of binary fractions miss it in their last bit, and would be other arms.

    Example:
        >>> 0.1 + 6 * 0.1, on_step(0.1 + 6 * 0.1, low=0.1, step=0.1)
        (0.7000000000000001, 0.7)
    """
    return float(Decimal(str(low)) + round((value - low) / step) * Decimal(str(step)))


def positions(
    values: "Sequence[float] | Floats", *, low: float, high: float, is_log: bool = False
) -> "Floats":
    """Where numbers lie in a range: 0 is its low end, 1 its high end.

    Example:
        >>> positions([1.0, 2.0, 4.0], low=1.0, high=4.0, is_log=True).tolist()
        [0.0, 0.5, 1.0]
    """
    import numpy as np  # here: designs, and so every plan, need `Axis` alone

    numbers, ends = np.asarray(values, dtype=float), np.array([low, high], dtype=float)
    if is_log:
        numbers, ends = np.log(numbers), np.log(ends)
    places: Floats = (numbers - ends[0]) / (ends[1] - ends[0])
    return places


def rounded(axis: Axis, value: Any, *, digits: int = 6) -> Any:
    """A value as designs write it: a float has `digits` digits and stays in its range.

    Such a value is part of an identity and must not depend on the last bit of a power.
    """
    if axis.choices or not isinstance(value, float):
        return value
    if axis.step is not None:
        return float(f"{value:.12g}")
    return float(min(max(float(f"{value:.{digits}g}"), axis.low), axis.high))
