"""Grey-level histograms counted in integers, and entropies of them in float64."""

import torch
from torch import Tensor


def counts(levels: Tensor, *, bins: int) -> Tensor:
    """Return how often each value below `bins` occurs, float64 [batch, bins].

    Args:
        levels: int64 [batch, anything], values in [0, bins).
        bins: Number of possible values.
    """
    batch = levels.shape[0]
    offset = torch.arange(batch, device=levels.device)[:, None] * bins
    flat = (levels.reshape(batch, -1) + offset).flatten()
    return torch.bincount(flat, minlength=batch * bins).reshape(batch, bins).to(torch.float64)


def entropy(count: Tensor) -> Tensor:
    """Return the entropy in nats of counts along the last axis; 0 log 0 is 0.

    Example:
        >>> entropy(torch.tensor([1.0, 1.0, 0.0])).item() == torch.tensor(2.0).log().item()
        True
    """
    probability = count / count.sum(-1, keepdim=True)
    total: Tensor = torch.special.entr(probability).sum(-1)
    return total
