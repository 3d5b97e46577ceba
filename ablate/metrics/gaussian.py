"""Window sums and Gaussian smoothing without a frame, by shifted sums."""

import functools
from collections.abc import Sequence

import torch
from torch import Tensor


@functools.cache
def taps(width: int, deviation: float | None = None) -> tuple[float, ...]:
    """Return a normalised Gaussian of `width` taps.

    Args:
        width: Number of taps.
        deviation: Standard deviation in taps; width / 5 where it is None.
    """
    spread = width / 5 if deviation is None else deviation
    distance = torch.arange(width, dtype=torch.float64) - (width - 1) / 2
    weights = torch.exp(-(distance**2) / (2 * spread**2))
    return tuple((weights / weights.sum()).tolist())


def smooth(image: Tensor, *, width: int, deviation: float | None = None) -> Tensor:
    """Return the image smoothed where the window fits, [..., h - width + 1, w - width + 1]."""
    return window_sum(image, taps(width, deviation))


def window_sum(image: Tensor, weights: Sequence[float]) -> Tensor:
    """Return the sum under a separable window where it fits, [..., h - n + 1, w - n + 1].

    On a CPU shifted sums beat a convolution about tenfold in float64.

    Args:
        image: [..., h, w], floating point.
        weights: The n weights of a row, and of a column.
    """
    rows, columns = image.shape[-2] - len(weights) + 1, image.shape[-1] - len(weights) + 1
    down = image[..., :rows, :] * weights[0]
    for shift, weight in enumerate(weights[1:], start=1):
        down.add_(image[..., shift : shift + rows, :], alpha=weight)
    across = down[..., :columns] * weights[0]
    for shift, weight in enumerate(weights[1:], start=1):
        across.add_(down[..., shift : shift + columns], alpha=weight)
    return across
