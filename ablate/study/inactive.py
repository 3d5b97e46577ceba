"""Dimensions of a space whose condition never holds."""

import random
from typing import Any, Final

from ablate.config.apply import active
from ablate.config.schema import Dimension, StudyConfig, VectorDimension

DRAWS: Final = 512


def never_active(config: StudyConfig) -> list[str]:
    """Return a line for every dimension that was active at none of many points of the space.

    The points are drawn from the ends and the inside of all ranges, always the same ones.
    """
    dimensions = config.dimensions
    waiting = {name for name, one in dimensions.items() if one.when is not None}
    draw = random.Random(0)
    for _ in range(DRAWS):
        if not waiting:
            break
        values = {name: _drawn(one, draw) for name, one in dimensions.items()}
        waiting -= active(dimensions, values, config.base).keys()
    return [
        f"{name} can never be active: {dimensions[name].when} holds at none of {DRAWS} points of "
        "the space; change its when, or remove it"
        for name in dimensions
        if name in waiting
    ]


def _drawn(dimension: Dimension, draw: random.Random) -> Any:
    """Return an end of a range, a number inside it, or a choice."""
    if dimension.choices is not None:
        return draw.choice(list(dimension.choices))
    if isinstance(dimension, VectorDimension) or dimension.low is None or dimension.high is None:
        return dimension.baseline
    low, high = dimension.low, dimension.high
    if dimension.type == "int":
        return draw.choice([int(low), int(high), draw.randint(int(low), int(high))])
    return draw.choice([low, high, draw.uniform(low, high)])
