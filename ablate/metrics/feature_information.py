"""Mutual information of features in windows of 3x3 pixels, without a histogram."""

from typing import Final

import torch
from torch import Tensor

_SIDE: Final = 3  # pixels of a window
_TOGETHER: Final = 4096  # windows whose joint distributions fit into a processor's cache


def feature_information(first: Tensor, second: Tensor, fused: Tensor) -> Tensor:
    """Return FMI of one image, [1]: normalised information of both sources, mean of all windows.

    The nine values of a window, stretched to [0, 1], are taken for the probabilities of nine
    positions; the joint distribution of two windows lies between that of independent ones and the
    extreme one that has the same marginals, as their correlation says.

    Args:
        first: Features of a source, float64 [1, height, width].
        second: Of the other.
        fused: Of the fused image.

    Source:
        Haghighat and Razian 2014 (fast FMI).
    """
    wanted = _windows(fused)
    total = torch.zeros(1, dtype=torch.float64, device=fused.device)
    for source in (first, second):
        given = _windows(source)
        for one, other in zip(
            torch.split(given, _TOGETHER), torch.split(wanted, _TOGETHER), strict=True
        ):
            differ = (one != other).any(-1)  # of edges most windows are empty
            total += (~differ).sum() + _information(one[differ], other[differ]).sum()
    return total / (2 * len(wanted))


def _windows(plane: Tensor) -> Tensor:
    """Return the values of every window column by column, [windows, 9]."""
    found = plane[0].unfold(0, _SIDE, 1).unfold(1, _SIDE, 1)
    return found.transpose(-1, -2).reshape(-1, _SIDE**2)


def _information(source: Tensor, fused: Tensor) -> Tensor:
    """Return 2 MI / (entropy + entropy) of each pair of windows, [windows]; 1 if both are flat."""
    are_flat = _is_flat(source) & _is_flat(fused)
    one, other = _probabilities(source), _probabilities(fused)
    correlation = _correlation(one, other)
    below, above = one.cumsum(-1)[:, None, :], other.cumsum(-1)[:, :, None]
    is_negative = (correlation < 0)[:, None, None]
    extreme = torch.where(is_negative, (above + below - 1).clamp_min(0), above.minimum(below))
    reach = (extreme - above * below).sum((1, 2)) / (_spread(one) * _spread(other))
    share = torch.where((correlation == 0) | ~reach.isfinite(), 0.0, correlation / reach)
    share = share[:, None, None]
    padded = torch.nn.functional.pad(extreme, (1, 0, 1, 0))
    joint = share * padded.diff(dim=1).diff(dim=2)
    joint += (1 - share) * other[:, :, None] * one[:, None, :]
    apart = _entropy(one) + _entropy(other)
    shared = apart - _entropy(joint.flatten(1))
    return torch.where(are_flat, 1.0, torch.where(apart > 0, 2 * shared / apart, 0.0))


def _is_flat(windows: Tensor) -> Tensor:
    return windows.amin(-1) == windows.amax(-1)


def _probabilities(windows: Tensor) -> Tensor:
    low, high = windows.amin(-1, keepdim=True), windows.amax(-1, keepdim=True)
    values = torch.where(high == low, 1.0, (windows - low) / (high - low))
    return values / values.sum(-1, keepdim=True)


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    """Return Pearson's correlation of probabilities; 0 where one window is flat."""
    first, second = (part - part.mean(-1, keepdim=True) for part in (one, other))
    first, second = (
        torch.where(_is_flat(part)[:, None], 0.0, deviation)
        for part, deviation in ((one, first), (other, second))
    )
    product = (first * second).sum(-1)
    norms = (first.square().sum(-1) * second.square().sum(-1)).sqrt()
    return torch.where(product == 0, 0.0, product / norms)


def _spread(probabilities: Tensor) -> Tensor:
    """Return the standard deviation of the position, 1 to 9."""
    position = torch.arange(1, _SIDE**2 + 1, dtype=torch.float64, device=probabilities.device)
    mean = (probabilities * position).sum(-1)
    return ((probabilities * position.square()).sum(-1) - mean.square()).clamp_min(0).sqrt()


def _entropy(probabilities: Tensor) -> Tensor:
    """Return bits; a mass below 0, which an extreme correlation makes, counts by its magnitude."""
    logarithm = torch.where(probabilities == 0, 1.0, probabilities.abs()).log2()
    return -(probabilities * logarithm).sum(-1)
