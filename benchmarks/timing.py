"""Time of several sides in one process, taken in turns."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

CLOCK = "CPU time of the process"  # hardly sees what else the machine does


def alternate(
    sides: Mapping[str, Callable[[], object]],
    *,
    repeats: int,
    warm_up: int = 1,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, list[float]]:
    """Return the seconds of every side, of CPU time by default, one number per repeat.

    In every repeat each side runs once, so that a slower moment of the machine meets all of them.

    Args:
        sides: What is timed, by name.
        repeats: Measured rounds.
        warm_up: Rounds before them.
        clock: Returns seconds; waits for the device where one works by itself.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(warm_up + repeats):
        for name, side in sides.items():
            started = clock()
            side()
            if turn >= warm_up:
                seconds[name].append(clock() - started)
    return seconds


def summary(seconds: list[float], *, per: int = 1) -> dict[str, Any]:
    """Return median and quartiles in milliseconds, divided by the units that a side handled.

    Example:
        >>> summary([1.0, 2.0, 3.0])["median_ms"]
        2000.0
    """
    first, middle, third = (float(q) * 1e3 / per for q in np.quantile(seconds, (0.25, 0.5, 0.75)))
    return {
        "median_ms": round(middle, 4),
        "q1_ms": round(first, 4),
        "q3_ms": round(third, 4),
        "repeats": len(seconds),
    }
