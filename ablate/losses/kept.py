"""What a loss makes of the sources alone, computed once per batch."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Make = Callable[[Tensor, Tensor], Any]


class KeptForBatch:
    """Holds what was last made of a pair of sources, and the sources with it.

    The same tensors, unchanged, have the same made of them. What is made of inference tensors is
    not kept: they do not tell when they change.
    """

    def __init__(self) -> None:
        self._last: tuple[Tensor, Tensor, tuple[str, int, int], Any] | None = None

    @torch.no_grad()
    def of(self, make: Make, infrared: Tensor, visible: Tensor, *, name: str) -> Any:
        """Return `make(infrared, visible)`, from memory where it was made last.

        Args:
            make: Depends on nothing but the two images and what never changes.
            infrared: (batch, 1, height, width).
            visible: Same shape.
            name: Of what is made; one thing is held at a time.
        """
        if infrared.is_inference() or visible.is_inference():
            return make(infrared, visible)
        state = name, infrared._version, visible._version
        if self._last is None or not (
            self._last[0] is infrared and self._last[1] is visible and self._last[2] == state
        ):
            self._last = None  # frees the memory before it is needed again
            made = make(infrared, visible)
            self._last = infrared, visible, state, made
        return self._last[3]

    def forget(self) -> None:
        """Release what is cached; the next call computes it again."""
        self._last = None
