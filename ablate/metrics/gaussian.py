"""Gaussian smoothing without a frame, by shifted sums."""

import functools

import torch
from torch import Tensor


@functools.cache
def taps(width: int) -> tuple[float, ...]:
    """Return a normalised Gaussian of `width` taps and a standard deviation of width / 5."""
    distance = torch.arange(width, dtype=torch.float64) - (width - 1) / 2
    weights = torch.exp(-(distance**2) / (2 * (width / 5) ** 2))
    return tuple((weights / weights.sum()).tolist())


def smooth(image: Tensor, *, width: int) -> Tensor:
    """Return the image smoothed where the whole window fits, [..., h - width + 1, w - width + 1].

    On a CPU shifted sums beat a convolution about tenfold in float64.
    """
    weights = taps(width)
    rows, columns = image.shape[-2] - width + 1, image.shape[-1] - width + 1
    down = image[..., :rows, :] * weights[0]
    for shift, weight in enumerate(weights[1:], start=1):
        down.add_(image[..., shift : shift + rows, :], alpha=weight)
    across = down[..., :columns] * weights[0]
    for shift, weight in enumerate(weights[1:], start=1):
        across.add_(down[..., shift : shift + columns], alpha=weight)
    return across
