"""Which source's response is the target at a pixel, as the share of the infrared in it.

A selection returns True or 1 where the infrared is the target and False or 0 where the visible is,
with the responses' shape or one channel for all; `blend` makes the target of it.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ablate.registry import Registry

Select = Callable[..., Tensor]
SELECTIONS: Registry[Select] = Registry("selection")


@SELECTIONS.register("per_axis_max")
def per_axis_max(infrared: Tensor, visible: Tensor) -> Tensor:
    """Choose, per pixel and channel, the larger absolute value; a tie is visible (the paper)."""
    return infrared.abs() > visible.abs()


@SELECTIONS.register("joint_max")
def joint_max(infrared: Tensor, visible: Tensor) -> Tensor:
    """Choose, per pixel, the source of larger L2 magnitude for both axes; a tie is visible."""
    return infrared.square().sum(1, keepdim=True) > visible.square().sum(1, keepdim=True)


@SELECTIONS.register("soft")
def soft(infrared: Tensor, visible: Tensor, *, gate_slope: float) -> Tensor:
    """Mix by a sigmoid of the difference of the absolute values; steeper nears per_axis_max.

    Args:
        infrared: Response, in units of the operator.
        visible: Same shape.
        gate_slope: Slope of the sigmoid, per unit of response, above 0.
    """
    return torch.sigmoid(gate_slope * (infrared.abs() - visible.abs()))


@SELECTIONS.register("mean")
def mean(infrared: Tensor, visible: Tensor) -> Tensor:
    """Mix both sources in equal parts."""
    return torch.full_like(infrared, 0.5)


@SELECTIONS.register("visible")
def only_visible(infrared: Tensor, visible: Tensor) -> Tensor:
    """Choose the visible everywhere."""
    return torch.zeros_like(visible, dtype=torch.bool)


@SELECTIONS.register("infrared")
def only_infrared(infrared: Tensor, visible: Tensor) -> Tensor:
    """Choose the infrared everywhere."""
    return torch.ones_like(infrared, dtype=torch.bool)


@SELECTIONS.register("signed_max")
def signed_max(infrared: Tensor, visible: Tensor) -> Tensor:
    """Choose the larger signed value (MRFS): a negative control, it prefers rising edges."""
    return infrared > visible


def blend(share: Tensor, infrared: Tensor, visible: Tensor) -> Tensor:
    """Return the target: infrared times its share plus visible times the rest.

    Example:
        >>> blend(torch.tensor([True, False]), torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
        tensor([1., 4.])
    """
    if share.dtype is torch.bool:
        return torch.where(share, infrared, visible)
    return torch.lerp(visible, infrared, share)
