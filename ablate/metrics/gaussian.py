"""Window sums and Gaussian smoothing without a frame: products with banded matrices."""

import functools
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

_BLOCK: Final = 24  # outputs per product: more multiply more zeros, fewer start more products


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


def smooth(image: Tensor, *, width: int, deviation: float | None = None, step: int = 1) -> Tensor:
    """Return the image smoothed where the window fits, [..., h - width + 1, w - width + 1].

    Args:
        image: [..., h, w], floating point.
        width: Number of taps, at most h and w.
        deviation: As for `taps`.
        step: Every how many pixels of either axis are wanted, from the first.
    """
    return window_sum(image, taps(width, deviation), step=step)


def window_sum(image: Tensor, weights: Sequence[float], *, step: int = 1) -> Tensor:
    """Return the sum under a separable window where it fits, [..., h - n + 1, w - n + 1].

    Args:
        image: [..., h, w], floating point.
        weights: The n weights of a row, and of a column.
        step: As for `smooth`.
    """
    planes = image.reshape(-1, *image.shape[-2:])
    found = _along_rows(_along_columns(planes, tuple(weights), step), tuple(weights), step)
    return found.reshape(*image.shape[:-2], *found.shape[-2:])


def _along_columns(planes: Tensor, weights: tuple[float, ...], step: int) -> Tensor:
    """Return the weighted sums of neighbours in a column of [planes, h, w]."""
    outputs = (planes.shape[1] - len(weights)) // step + 1
    block = _block(outputs, planes.device)
    matrix = _band(weights, block, step, planes.dtype, planes.device)
    if block == outputs:
        return matrix @ planes[:, : matrix.shape[1]]
    found = planes.new_empty(planes.shape[0], outputs, planes.shape[2])
    for first in range(0, outputs, block):
        start = min(first, outputs - block)  # the last block overlaps: one matrix for all
        reach = slice(start * step, start * step + matrix.shape[1])
        found[:, start : start + block] = matrix @ planes[:, reach]
    return found


def _along_rows(planes: Tensor, weights: tuple[float, ...], step: int) -> Tensor:
    """Return the weighted sums of neighbours in a row of contiguous [planes, h, w]."""
    outputs = (planes.shape[2] - len(weights)) // step + 1
    rows = planes.view(-1, planes.shape[2])
    found = planes.new_empty(rows.shape[0], outputs)
    block = _block(outputs, planes.device)
    matrix = _band(weights, block, step, planes.dtype, planes.device).T
    whole = outputs // block
    blocks = rows.unfold(1, matrix.shape[0], block * step)[:, :whole].transpose(0, 1)
    sums = torch.bmm(blocks, matrix.expand(whole, -1, -1))
    found[:, : whole * block].view(-1, whole, block).copy_(sums.transpose(0, 1))
    if whole * block < outputs:
        last = slice((outputs - block) * step, (outputs - block) * step + matrix.shape[0])
        found[:, outputs - block :] = rows[:, last] @ matrix
    return found.view(planes.shape[0], planes.shape[1], outputs)


def _block(outputs: int, device: torch.device) -> int:
    return min(outputs, _BLOCK) if device.type == "cpu" else outputs


@functools.lru_cache(maxsize=64)
def _band(
    weights: tuple[float, ...], outputs: int, step: int, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """Return the matrix [outputs, inputs] whose row k holds the weights from k * step on."""
    matrix = torch.zeros(outputs, (outputs - 1) * step + len(weights), dtype=torch.float64)
    for row in range(outputs):
        matrix[row, row * step : row * step + len(weights)] = torch.tensor(
            weights, dtype=torch.float64
        )
    return matrix.to(dtype=dtype, device=device)
