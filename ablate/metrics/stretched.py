"""Grey levels stretched to the whole range, as the tool box of Liu et al. does first."""

import torch
from torch import Tensor

from ablate.metrics.histogram import LEVELS


def stretched(plane: Tensor, *, white: float = 255.0) -> Tensor:
    """Return grey levels stretched to 0..255 and rounded, float64 of the same shape.

    An image of one level has no range: black stays black, any other level becomes NaN.

    Args:
        plane: uint8 [batch, height, width].
        white: What white counts before: it decides which way halves are rounded.

    Source:
        Liu et al. 2012, zhengliu6699/imageFusionMetrics normalize1.m.

    Example:
        >>> stretched(torch.tensor([[[10, 20, 30]]], dtype=torch.uint8)).tolist()
        [[[0.0, 128.0, 255.0]]]
    """
    levels = plane.to(torch.float64) / ((LEVELS - 1) / white)
    low, high = levels.amin((-2, -1), keepdim=True), levels.amax((-2, -1), keepdim=True)
    found = torch.floor((levels - low) / (high - low) * (LEVELS - 1) + 0.5)
    return torch.where(high == 0, levels, found)


def stretched_levels(plane: Tensor) -> Tensor:
    """Return `stretched` as uint8; an image of one level is black."""
    return stretched(plane).nan_to_num().to(torch.uint8)


def without_range(plane: Tensor) -> Tensor:
    """Return which images have one level that is not black, [batch]: what is compared is NaN."""
    low = plane.amin((-2, -1))
    return (low == plane.amax((-2, -1))) & (low > 0)
