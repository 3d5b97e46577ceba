"""Axes of settings: logarithmic ones with few plain numbers."""

import math

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator


def log_axis(axis: Axes, low: float, high: float, *, most: int = 4) -> None:
    """Make the x axis logarithmic from `low` to `high`, with at most `most` plain numbers."""
    edge = (high / low) ** 0.03
    axis.set_xscale("log")
    axis.set_xlim(low / edge, high * edge)
    axis.xaxis.set_minor_locator(NullLocator())
    ticks = log_ticks(low, high, most=most)
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])


def log_ticks(low: float, high: float, *, most: int = 4) -> list[float]:
    """Return round numbers in a range, the roundest that are two or more.

    Example:
        >>> log_ticks(0.002, 0.2), log_ticks(0.25, 0.84)
        ([0.01, 0.1], [0.3, 0.5, 0.8])
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for digits in ((1,), (1, 3), (1, 2, 5), (2, 3, 5, 8), tuple(range(1, 10))):
        every = [float(f"{digit}e{decade}") for decade in decades for digit in digits]
        found = [number for number in every if low <= number <= high]
        if len(found) >= 2:
            break
    step = max(1, -(-len(found) // most))
    return found[::step] or [low, high]
