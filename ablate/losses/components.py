"""What of a gradient is compared: both axes, their L1 magnitude, or their signed sum."""

from collections.abc import Callable

import torch
from torch import Tensor

from ablate.registry import Registry

Component = Callable[[Tensor, Tensor], Tensor]
COMPONENTS: Registry[Component] = Registry("component")


@COMPONENTS.register("axis_wise")
def axis_wise(grad_x: Tensor, grad_y: Tensor) -> Tensor:
    """Return both axes as two channels (the paper)."""
    return torch.cat([grad_x, grad_y], dim=1)


@COMPONENTS.register("magnitude_l1")
def magnitude_l1(grad_x: Tensor, grad_y: Tensor) -> Tensor:
    """Return |d/dx| + |d/dy| (SeAFusion, SwinFusion, CDDFuse II)."""
    return grad_x.abs() + grad_y.abs()


@COMPONENTS.register("signed_sum")
def signed_sum(grad_x: Tensor, grad_y: Tensor) -> Tensor:
    """Return d/dx + d/dy, in which opposite axes cancel (TC-MoA)."""
    return grad_x + grad_y
