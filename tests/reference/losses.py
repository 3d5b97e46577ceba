"""The paper's multi-scale gradient loss in two plain forms, for any number of levels of ratio 1/2.

`by_convolution` is the definition with the paper's zero padding: two 3x3 convolutions per image and
level. `by_kornia` is what one writes with kornia's `spatial_gradient`, one image after the other; it
repeats the frame instead, so that its value differs by a few per cent.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as nnf
from kornia.filters import spatial_gradient
from torch import Tensor

ACROSS = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))


def by_convolution(*, infrared: Tensor, visible: Tensor, fused: Tensor, levels: int) -> Tensor:
    """Return the mean over levels of mean|gx_f - tx| + mean|gy_f - ty|."""
    across = torch.tensor(ACROSS, dtype=fused.dtype)[None, None]

    def gradients(image: Tensor) -> tuple[Tensor, Tensor]:
        return nnf.conv2d(image, across, padding=1), nnf.conv2d(image, across.mT, padding=1)

    return _mean_of_levels(gradients, (infrared, visible, fused), levels)


def by_kornia(*, infrared: Tensor, visible: Tensor, fused: Tensor, levels: int) -> Tensor:
    """Return the same, the frame repeated."""

    def gradients(image: Tensor) -> tuple[Tensor, Tensor]:
        both = spatial_gradient(image, mode="sobel", normalized=False)
        return both[:, :, 0], both[:, :, 1]

    return _mean_of_levels(gradients, (infrared, visible, fused), levels)


def _mean_of_levels(
    gradients: Callable[[Tensor], tuple[Tensor, Tensor]],
    images: tuple[Tensor, Tensor, Tensor],
    levels: int,
) -> Tensor:
    total = images[2].new_zeros(())
    for level in range(levels):
        small = [
            nnf.interpolate(image, scale_factor=0.5**level, mode="bilinear", align_corners=False)
            if level
            else image
            for image in images
        ]
        for one, other, own in zip(*(gradients(image) for image in small), strict=True):
            target = torch.where(one.abs() > other.abs(), one, other)
            total = total + (own - target).abs().mean()
    return total / levels
