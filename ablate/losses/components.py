"""The part of a gradient that is compared: both axes, their magnitude, or their signed sum."""

from collections.abc import Callable

import torch
from torch import Tensor

from ablate.registry import Registry

Component = Callable[..., Tensor]
COMPONENTS: Registry[Component] = Registry("component")
SMALL = 1e-6  # under the root: its slope stays finite at 0, and 1e-6 is not rounded to 0 in fp16


@COMPONENTS.register("axis_wise")
def axis_wise(grad_x: Tensor, grad_y: Tensor) -> Tensor:
    """Return both axes as two channels (the paper)."""
    both = grad_x._base  # where one convolution made them, they are its output already
    if both is not None and both is grad_y._base and grad_x.shape == grad_y.shape:
        starts = [axis.storage_offset() - both.storage_offset() for axis in (grad_x, grad_y)]
        batch, channels, *side = grad_x.shape
        if channels == 1 and both.shape == (batch, 2, *side) and starts == [0, both.stride(1)]:
            return both
    return torch.cat([grad_x, grad_y], dim=1)


@COMPONENTS.register("magnitude_l1")
def magnitude_l1(grad_x: Tensor, grad_y: Tensor) -> Tensor:
    """Return |d/dx| + |d/dy| (SeAFusion, SwinFusion, CDDFuse II)."""
    return grad_x.abs() + grad_y.abs()


@COMPONENTS.register("magnitude_l2")
def magnitude_l2(grad_x: Tensor, grad_y: Tensor) -> Tensor:
    """Return sqrt((d/dx)^2 + (d/dy)^2 + 1e-6) (TarDAL): a flat image answers 0.001.

    Source:
        kornia.filters.sobel, whose default the 1e-6 is.
    """
    return (grad_x * grad_x + grad_y * grad_y + SMALL).sqrt()


@COMPONENTS.register("signed_sum")
def signed_sum(grad_x: Tensor, grad_y: Tensor) -> Tensor:
    """Return d/dx + d/dy, in which opposite axes cancel (TC-MoA)."""
    return grad_x + grad_y


@COMPONENTS.register("image_mean")
def image_mean(grad_x: Tensor, grad_y: Tensor) -> Tensor:
    """Return the mean of d/dx + d/dy, one number per image (DATFuse).

    A negative control: with zero padding the sum telescopes, so only the frame's pixels count.
    """
    return (grad_x + grad_y).mean(dim=(-2, -1), keepdim=True)


@COMPONENTS.register("scalar")
def scalar(response: Tensor) -> Tensor:
    """Return the one response of a Laplacian as it is."""
    return response
