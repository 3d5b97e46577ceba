"""List-valued dimensions: lists from independent positions in a box, and back."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import assert_never

from optuna.distributions import FloatDistribution

from ablate.config.schema import VectorDimension


def parameter_names(dimension: VectorDimension, size: int) -> list[str]:
    """Return the names of the parameters behind a list of `size` numbers, one fewer than these."""
    return [f"{dimension.name}.{index}" for index in range(1, size)]


def distribution_of(dimension: VectorDimension) -> FloatDistribution:
    """Return the range of each of its parameters."""
    if dimension.type == "simplex":
        return FloatDistribution(0.0, 1.0)
    assert dimension.low is not None
    assert dimension.high is not None
    return FloatDistribution(float(dimension.low), float(dimension.high), log=dimension.log)


def to_list(dimension: VectorDimension, positions: Sequence[float]) -> list[float]:
    """Return the list that the values of its parameters say; one longer than these.

    "decreasing" is `first` and then each number the one before it times a ratio: the parameters
    are these ratios. "simplex" is `shares`.
    """
    if dimension.type == "simplex":
        return shares(positions)
    numbers = [float(dimension.first)]
    for ratio in positions:
        numbers.append(numbers[-1] * ratio)
    return numbers


def to_positions(dimension: VectorDimension, numbers: Sequence[float]) -> list[float]:
    """Return the parameters that give the list, kept in their range against rounding."""
    if dimension.type == "simplex":
        return positions_of_shares(numbers)
    if dimension.type == "decreasing":
        shape = distribution_of(dimension)
        return [
            min(max(after / before, shape.low), shape.high) for before, after in pairwise(numbers)
        ]
    assert_never(dimension.type)


def shares(positions: Sequence[float]) -> list[float]:
    """Return weights that sum to 1, one more than there are positions in [0, 1].

    Stick-breaking: of n weights the i-th takes 1 - (1 - u_i) ** (1 / (n - i)) of what the ones
    before it left, the last takes the rest. The map carries the uniform distribution on the cube
    to the uniform one on the simplex, Dirichlet(1, ..., 1): volumes keep their proportions, so
    that no corner of the simplex is favoured. A later position says how what is left is divided.

    Source:
        Devroye, Non-Uniform Random Variate Generation, 1986, chapter XI.4 (beta stick-breaking of
        the Dirichlet distribution; Beta(1, n - i) by inversion).

    Example:
        >>> [round(share, 3) for share in shares([0.75, 0.5])]
        [0.5, 0.25, 0.25]
    """
    size = len(positions) + 1
    left, weights = 1.0, []
    for index, position in enumerate(positions, start=1):
        taken = left * -math.expm1(math.log1p(-position) / (size - index)) if position < 1 else left
        weights.append(taken)
        left = max(0.0, left - taken)
    return [*weights, left]


def positions_of_shares(weights: Sequence[float]) -> list[float]:
    """Return the positions that `shares` turns into these weights.

    Where nothing is left to divide, any position would do; it is 0 then.

    Example:
        >>> [round(position, 3) for position in positions_of_shares([0.5, 0.25, 0.25])]
        [0.75, 0.5]
    """
    size = len(weights)
    left, positions = 1.0, []
    for index, weight in enumerate(weights[:-1], start=1):
        taken = min(1.0, weight / left) if left > 0 else 0.0
        positions.append(1.0 - (1.0 - taken) ** (size - index))
        left = max(0.0, left - weight)
    return positions
