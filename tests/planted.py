"""Weights and images that an upstream script and this package can both be given, by one rule.

The numbers under `upstream/` were recorded by running upstream's own source on them; nothing of
that source is here, the rule and the numbers are enough to repeat it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

BATCH, CROP = 2, 32
STEPS = 50


def weights(shapes: Mapping[str, Sequence[int]], *, seed: int) -> dict[str, Tensor]:
    """Return a value for every parameter, in float64.

    The k-th name, counted from 0, is drawn by `np.random.default_rng([seed, k])` from a normal
    distribution of standard deviation 1 / sqrt(fan-in); .1 where there is one axis.
    """
    drawn = {}
    for number, (name, shape) in enumerate(shapes.items()):
        scale = 0.1 if len(shape) < 2 else float(np.prod(shape[1:])) ** -0.5
        values = np.random.default_rng([seed, number]).normal(0, scale, tuple(shape))
        drawn[name] = torch.from_numpy(values)
    return drawn


def batch(step: int, *, seed: int, crop: int = CROP) -> tuple[Tensor, Tensor]:
    """Return the infrared and the visible 8-bit images of a step, over 255, in float64.

    Step 1 is the first. The infrared values are even; the last bit of the visible ones is 0, 0, 1,
    1, ... along x, so that no two signed sums of taps are exact opposites: upstream and this
    package may break such a tie in different ways.
    """
    generator = np.random.default_rng([seed, step])
    infrared, visible = generator.integers(0, 128, (2, BATCH, 1, crop, crop)) * 2
    visible = visible + np.arange(crop) // 2 % 2
    return torch.from_numpy(infrared / 255.0), torch.from_numpy(visible / 255.0)
