"""How a difference of gradients counts; all are 0 at 0."""

from collections.abc import Callable
from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.registry import Registry
from ablate.settings.setting import field

Penalty = Callable[..., Tensor]
PENALTIES: Registry[Penalty] = Registry("penalty")


@dataclass(frozen=True, slots=True, kw_only=True)
class KneeSettings:
    """What the penalties have that are quadratic near 0."""

    knee: float = field(
        "float",
        0.1,
        above=0,
        unit="of the operator",
        meaning="Where charbonnier and huber turn from quadratic to linear.",
    )


@PENALTIES.register("l1")
def l1(difference: Tensor) -> Tensor:
    """Return |difference| (the paper)."""
    return difference.abs()


@PENALTIES.register("l2")
def l2(difference: Tensor) -> Tensor:
    """Return difference^2, without a half."""
    return difference.square()


@PENALTIES.register("charbonnier", settings=KneeSettings)
def charbonnier(difference: Tensor, *, knee: float) -> Tensor:
    """Return sqrt(difference^2 + knee^2) - knee: quadratic below the knee, linear above.

    Source:
        Charbonnier et al., ICIP 1994; the constant is taken off, which changes no gradient.
    """
    return (difference.square() + knee * knee).sqrt() - knee


@PENALTIES.register("huber", settings=KneeSettings)
def huber(difference: Tensor, *, knee: float) -> Tensor:
    """Return difference^2 / 2 up to the knee, then knee * (|difference| - knee / 2).

    Source:
        Huber, Annals of Mathematical Statistics 1964; torch.nn.functional.huber_loss.
    """
    return F.huber_loss(
        difference, difference.new_zeros(()).expand_as(difference), reduction="none", delta=knee
    )
