"""Points that a design spreads over dimensions, and the values that they stand for."""

from typing import Any

from ablate.config.schema import Dimension
from ablate.positions import Axis, rounded


def value_of(dimension: Dimension, position: float) -> Any:
    """The value of a dimension at a position in [0, 1), a float rounded to six digits.

    Example:
        >>> rate = Dimension(name="rate", type="float", low=1e-4, high=1e-2, log=True)
        >>> value_of(rate, 0.5)
        0.001
    """
    if dimension.choices is not None:
        return Axis(choices=tuple(dimension.choices)).value(position)
    assert dimension.low is not None
    assert dimension.high is not None
    axis = Axis(
        low=dimension.low,
        high=dimension.high,
        step=dimension.step,
        is_log=dimension.log,
        is_whole=dimension.type == "int",
    )
    return rounded(axis, axis.value(position))


def scrambled(*, count: int, dimensions: int, seed: int) -> list[list[float]]:
    """The first points of a scrambled Sobol sequence, rows of positions in [0, 1).

    The first points do not depend on how many are asked for.

    Source:
        Owen's scrambling as in scipy.stats.qmc.Sobol (left matrix scramble and digital shift).
    """
    if dimensions == 0:
        return [[] for _ in range(count)]
    from scipy.stats import qmc  # slow to import; most plans have no Sobol points

    power = (count - 1).bit_length()
    points = qmc.Sobol(d=dimensions, scramble=True, rng=seed).random_base2(power)
    return [[float(x) for x in point] for point in points[:count]]
