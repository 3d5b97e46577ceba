"""The share of the infrared where both sources are compared with: fixed, or measured on them."""

import torch
from torch import Tensor

from ablate.imaging.gradients import sobel

CHOICES = ("fixed", "by_gradient", "by_entropy")
BINS = 256


def infrared_share(infrared: Tensor, visible: Tensor, *, by: str, fixed: float) -> Tensor:
    """Return the share of the infrared: one number, or one per image (batch, 1, 1, 1).

    Args:
        infrared: (batch, 1, height, width) in [0, 1].
        visible: Same shape.
        by: "fixed"; "by_gradient": its part in the sum of the mean Sobel magnitudes of the batch;
            "by_entropy": its part in the sum of the entropies of both images, per pair.
        fixed: The share of "fixed".
    """
    if by == "fixed":
        return infrared.new_tensor(fixed)
    one, other = (
        _entropy(image) if by == "by_entropy" else _mean_gradient(image)
        for image in (infrared, visible)
    )
    return one / (one + other).clamp_min(torch.finfo(one.dtype).tiny)


def _mean_gradient(image: Tensor) -> Tensor:
    along_x, along_y = sobel(image)
    return (along_x.abs() + along_y.abs()).mean()


@torch.no_grad()
def _entropy(images: Tensor) -> Tensor:
    """Return the entropy of the grey levels of each image, in bits, (batch, 1, 1, 1)."""
    levels = (images * (BINS - 1)).round().clamp(0, BINS - 1).long().flatten(1)
    counts = images.new_zeros(len(images), BINS)
    counts.scatter_add_(1, levels, torch.ones_like(levels, dtype=images.dtype))
    shares = counts / levels.shape[1]
    return (
        -torch.xlogy(shares, shares).sum(1).div(torch.log(images.new_tensor(2.0))).view(-1, 1, 1, 1)
    )
