"""Which source's response is the target at a pixel, as the share of the infrared in it.

A selection returns True or 1 where the infrared is the target and False or 0 where the visible is,
with the responses' shape or one channel for all; `blend` makes the target of it.

Where both responses are equally large the target is the visible. Two floats that are equal in exact
arithmetic seldom are: 1.9 % of the pixels of 8-bit pairs are ties on an axis, and float32 gives
about a fifth of them to the infrared. A selection that takes a `tolerance` therefore asks for more
than rounding can bring about: `TIE`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.registry import Registry
from ablate.settings.setting import field

Select = Callable[..., Tensor]
SELECTIONS: Registry[Select] = Registry("selection")
# Raw responses of images in [0, 1] that differ by at most this are equally large: 0.02 grey levels.
# Raw taps of 8-bit images answer whole grey levels, halving a side makes quarters of them, thrice
# in a row 1/64: 0.02 is not a multiple of those, and some twenty times what float32 rounds off.
TIE = 0.02 / 255
STEPS_PER_TIE = 5.12  # joint_max rounds to 1/256 grey level


@SELECTIONS.register("per_axis_max")
def per_axis_max(infrared: Tensor, visible: Tensor, *, tolerance: float = 0.0) -> Tensor:
    """Choose, per pixel and channel, the larger absolute value; a tie is visible (the paper).

    Args:
        infrared: Response, in units of the operator.
        visible: Same shape.
        tolerance: By how much the infrared must be larger, at least 0; see `TIE`.
    """
    return infrared.abs() > visible.abs() + tolerance


@SELECTIONS.register("joint_max")
def joint_max(infrared: Tensor, visible: Tensor, *, tolerance: float = 0.0) -> Tensor:
    """Choose, per pixel, the source of larger L2 magnitude for both axes; a tie is visible.

    Magnitudes lie closer together than single responses do. With a tolerance they are those of
    responses rounded to whole steps of it, in float64, so that float32 images choose alike.

    Args:
        infrared: Response, in units of the operator.
        visible: Same shape.
        tolerance: By how much the magnitude of the infrared must be larger, at least 0.
    """
    if tolerance == 0:
        return infrared.square().sum(1, keepdim=True) > visible.square().sum(1, keepdim=True)
    steps_infrared, steps_visible = (
        (response * (STEPS_PER_TIE / tolerance)).round().double()
        for response in (infrared, visible)
    )
    size_infrared: Tensor = torch.linalg.vector_norm(steps_infrared, dim=1, keepdim=True)
    size_visible: Tensor = torch.linalg.vector_norm(steps_visible, dim=1, keepdim=True)
    return size_infrared > size_visible + STEPS_PER_TIE


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftSettings:
    """What the selection `soft` has."""

    gate_slope: float = field(
        "float",
        4.0,
        above=0,
        unit="per unit of response",
        meaning="Slope of the sigmoid of the selection soft; steeper nears per_axis_max.",
    )


@SELECTIONS.register("soft", settings=SoftSettings)
def soft(infrared: Tensor, visible: Tensor, *, gate_slope: float) -> Tensor:
    """Mix by a sigmoid of the difference of the absolute values; steeper nears per_axis_max.

    Args:
        infrared: Response, in units of the operator.
        visible: Same shape.
        gate_slope: Slope of the sigmoid, per unit of response, above 0.
    """
    return torch.sigmoid(gate_slope * (infrared.abs() - visible.abs()))


@SELECTIONS.register("soft_joint", settings=SoftSettings)
def soft_joint(infrared: Tensor, visible: Tensor, *, gate_slope: float) -> Tensor:
    """Mix both axes alike, by a sigmoid of the difference of the L1 magnitudes.

    Args:
        infrared: Response, in units of the operator.
        visible: Same shape.
        gate_slope: Slope of the sigmoid, per unit of response, above 0.

    Source:
        The gate of the follow-up to arXiv 2510.13067, with slope 15.
    """
    sizes = [response.abs().sum(1, keepdim=True) for response in (infrared, visible)]
    return torch.sigmoid(gate_slope * (sizes[0] - sizes[1]))


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
def signed_max(infrared: Tensor, visible: Tensor, *, tolerance: float = 0.0) -> Tensor:
    """Choose the larger signed value (MRFS): a negative control, it prefers rising edges.

    Args:
        infrared: Response, in units of the operator.
        visible: Same shape.
        tolerance: By how much the infrared must be larger, at least 0; see `TIE`.
    """
    return infrared > visible + tolerance


def blend(share: Tensor, infrared: Tensor, visible: Tensor) -> Tensor:
    """Return the target: infrared times its share plus visible times the rest.

    Example:
        >>> blend(torch.tensor([True, False]), torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
        tensor([1., 4.])
    """
    if share.dtype is torch.bool:
        return torch.where(share, infrared, visible)
    return torch.lerp(visible, infrared, share)
