"""How a difference of gradients counts."""

from collections.abc import Callable

from torch import Tensor

from ablate.registry import Registry

Penalty = Callable[[Tensor], Tensor]
PENALTIES: Registry[Penalty] = Registry("penalty")


@PENALTIES.register("l1")
def l1(difference: Tensor) -> Tensor:
    """Return |difference|."""
    return difference.abs()
