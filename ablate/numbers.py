"""What counts as a number in a file: a bool does not, infinity and NaN do not."""

import math
from typing import TypeGuard


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a finite number and no bool."""
    return is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def is_whole(value: object) -> TypeGuard[int]:
    """Return whether a value is an int and no bool."""
    return isinstance(value, int) and not isinstance(value, bool)
