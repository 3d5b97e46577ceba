"""How much of a level's loss lies in its outermost pixels."""

import torch
from torch import Tensor


def frame_share(cost: Tensor) -> Tensor:
    """Return the share of the frame of one pixel in what a level costs, in [0, 1].

    One means that the interior does not count: a response of one number per image has no frame and
    answers 1 too. NaN where nothing costs anything.

    Args:
        cost: What every pixel and channel costs, (batch, channels, height, width).
    """
    if min(cost.shape[-2:]) < 3:
        return torch.ones_like(cost.sum())
    return 1 - cost[..., 1:-1, 1:-1].sum() / cost.sum()
