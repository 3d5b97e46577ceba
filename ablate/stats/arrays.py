"""The array type of this package, and the check that every estimator makes of what it is given."""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import DataError

Floats: TypeAlias = NDArray[np.float64]


def finite(values: ArrayLike, *, what: str, blocks_axis: int = 0) -> Floats:
    """Return the values as float64.

    Args:
        values: Anything that numpy reads as an array.
        what: Name of the values in messages.
        blocks_axis: Axis of the replicates.

    Raises:
        DataError: There are fewer than two blocks, or a value is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.shape[blocks_axis] < 2:
        raise DataError(f"{what}: {array.shape[blocks_axis]} block has no spread; give two or more")
    if not np.isfinite(array).all():
        raise DataError(f"{what}: holds values that are not finite; drop those images first")
    return array
