"""The correlation of two images or feature maps over their pixels."""

import torch
from torch import Tensor


def correlation(one: Tensor, other: Tensor) -> Tensor:
    """Return the mean over images and channels of Pearson's r over the pixels, in [-1, 1].

    Args:
        one: (batch, channels, height, width), float.
        other: Same shape.
    """
    one, other = (each.flatten(2) - each.flatten(2).mean(-1, keepdim=True) for each in (one, other))
    norms = one.square().sum(-1).sqrt() * other.square().sum(-1).sqrt()
    found = (one * other).sum(-1) / (torch.finfo(torch.float32).eps + norms)
    return found.clamp(-1, 1).mean()
