"""Which source gradient is the target at a pixel."""

from collections.abc import Callable

import torch
from torch import Tensor

from ablate.registry import Registry

Select = Callable[[Tensor, Tensor], Tensor]
SELECTIONS: Registry[Select] = Registry("selection")


@SELECTIONS.register("per_axis_max")
def per_axis_max(infrared: Tensor, visible: Tensor) -> Tensor:
    """Return, per pixel and channel, the response of larger absolute value; a tie is visible."""
    return torch.where(infrared.abs() > visible.abs(), infrared, visible)
