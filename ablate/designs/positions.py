"""From a position in [0, 1) to a value of a dimension, its scale respected."""

from typing import Any

from ablate.config.schema import Dimension

DIGITS = 6  # a value is part of an identity: it must not hang on the last bit of pow()


def value_of(dimension: Dimension, position: float) -> Any:
    """Return the value at a position; equal steps of position are equally likely values.

    A float is rounded to six significant digits and stays inside its range; a whole number or a
    choice gets an equal share of [0, 1), on a log scale one that is equal in the logarithm.

    Args:
        dimension: Any dimension.
        position: In [0, 1).

    Example:
        >>> rate = Dimension(name="rate", type="float", low=1e-4, high=1e-2, log=True)
        >>> value_of(rate, 0.5)
        0.001
    """
    if dimension.choices is not None:
        choices = list(dimension.choices)
        return choices[min(int(position * len(choices)), len(choices) - 1)]
    assert dimension.low is not None
    assert dimension.high is not None
    low, high = dimension.low, dimension.high
    if dimension.type == "int" and dimension.log:
        value = (low - 0.5) * ((high + 0.5) / (low - 0.5)) ** position
        return min(max(round(value), int(low)), int(high))
    if dimension.type == "int" or dimension.step is not None:
        step = dimension.step or 1
        count = int((high - low) / step + 1e-9) + 1
        value = low + step * min(int(position * count), count - 1)
        return int(value) if dimension.type == "int" else float(f"{value:.12g}")
    value = low * (high / low) ** position if dimension.log else low + (high - low) * position
    return float(min(max(float(f"{value:.{DIGITS}g}"), low), high))


def scrambled(*, count: int, dimensions: int, seed: int) -> list[list[float]]:
    """Return the first points of a scrambled Sobol sequence, rows of positions in [0, 1).

    The first points do not depend on how many are asked for.

    Source:
        Owen's scrambling as in scipy.stats.qmc.Sobol (left matrix scramble and digital shift).
    """
    if dimensions == 0:
        return [[] for _ in range(count)]
    from scipy.stats import qmc

    power = (count - 1).bit_length()
    points = qmc.Sobol(d=dimensions, scramble=True, rng=seed).random_base2(power)
    return [[float(x) for x in point] for point in points[:count]]
