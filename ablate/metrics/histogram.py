"""Grey-level histograms counted in integers, and entropies of them in float64."""

import torch
from torch import Tensor

LEVELS = 256


def counts(levels: Tensor, *, bins: int) -> Tensor:
    """Return how often each value below `bins` occurs, int64 [batch, bins].

    Args:
        levels: Whole numbers [batch, anything] in [0, bins), of any integer type.
        bins: Number of possible values.
    """
    batch = levels.shape[0]
    if batch > 1:
        offset = torch.arange(batch, device=levels.device)[:, None] * bins
        levels = levels.reshape(batch, -1) + offset
    return torch.bincount(levels.flatten(), minlength=batch * bins).view(batch, bins)


def joint_counts(one: Tensor, other: Tensor) -> Tensor:
    """Return how often each pair of grey levels occurs, int64 [batch, 256, 256].

    Args:
        one: uint8 [batch, height, width]; its level is the first index.
        other: Same shape; its level is the second index.
    """
    pairs = one.flatten(1).to(torch.int32).mul_(LEVELS).add_(other.flatten(1))
    return counts(pairs, bins=LEVELS * LEVELS).view(-1, LEVELS, LEVELS)


def entropy(count: Tensor) -> Tensor:
    """Return the entropy in nats of counts along the last axis; 0 log 0 is 0.

    Example:
        >>> entropy(torch.tensor([1, 1, 0])).item() == torch.tensor(2.0).log().item()
        True
    """
    probability = count / count.sum(-1, keepdim=True, dtype=torch.float64)
    total: Tensor = torch.special.entr(probability).sum(-1)
    return total


def entropies(joint: Tensor) -> tuple[Tensor, Tensor]:
    """Return the entropies of two images added up, and that of their joint levels, in nats.

    The first less the second is their mutual information.

    Args:
        joint: Counts of pairs of grey levels [batch, levels, levels].
    """
    return entropy(joint.sum(2)) + entropy(joint.sum(1)), entropy(joint.flatten(1))
