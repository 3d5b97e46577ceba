"""One named term of a loss: its cost, the region where it counts, and its weight at a step."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ablate.losses.kept import KeptForBatch
from ablate.losses.named import full_term
from ablate.losses.regions import over_region, region_of
from ablate.losses.terms.contract import Images, Opponent, built
from ablate.losses.terms.gradient import GradientTerm
from ablate.settings.terms import LEARNED, WHOLE


class Term(nn.Module):
    """A term of `loss.terms`, which `ablate.losses.check` accepts.

    Regions and schedules are the same for every kind: a kind says what each pixel costs.

    Args:
        term: Its section, such as {kind: gradient, weight: 10, region: salient}.
    """

    def __init__(self, term: Mapping[str, Any]) -> None:
        super().__init__()
        full = full_term(term)
        self._cost = built(full["kind"], full)
        self._region = None if full["region"] == WHOLE else region_of(full["region"], full)
        self._mean = full["region_mean"]
        self.is_learned = full["weight"] == LEARNED
        self._weight = 1.0 if self.is_learned else float(full["weight"])
        self._first = float(full["weight_from"])
        if self.is_learned:
            self.log_variance = nn.Parameter(torch.zeros(()))
        self._schedule: str = full["schedule"]
        self._from: int = full["from"]
        self._until: float = math.inf if full.get("until") is None else full["until"]
        self._kept = KeptForBatch()

    def forward(self, images: Images) -> Tensor:
        """Return the value of the term, unweighted."""
        if self._region is None and isinstance(self._cost, GradientTerm):
            return self._cost.value(images)
        cost = self._cost(images)
        maps = cost if isinstance(cost, list) else [cost]
        values = [self._mean_of(each, images) for each in maps]
        return sum(values[1:], values[0])

    def weight_at(self, step: int | None) -> float:
        """Return the weight at a step, counted from 1; None: after every schedule.

        1 where it is learned, and 0 before and after its schedule.
        """
        if self._schedule == "on_off":
            is_on = step is None or self._from < step <= self._until
            return self._weight if is_on else 0.0
        if step is None or step >= self._until:
            return self._weight
        way = max(0.0, (step - self._from) / (self._until - self._from))
        if self._schedule == "cosine":
            way = (1 - math.cos(math.pi * way)) / 2
        return self._first + way * (self._weight - self._first)

    @property
    def opponent(self) -> Opponent | None:
        """Return what has weights of its own and learns against the network; most kinds do not."""
        return self._cost if isinstance(self._cost, Opponent) else None

    @property
    def changes(self) -> bool:
        """Return whether the weight takes other values than two over the steps."""
        return self._schedule != "on_off"

    def forget(self) -> None:
        """Release what is cached of the last sources."""
        self._kept.forget()
        if isinstance(self._cost, GradientTerm):
            self._cost.forget()

    def _mean_of(self, cost: Tensor, images: Images) -> Tensor:
        if self._region is None:
            return cost if cost.ndim == 0 else cost.mean()
        region: Tensor = self._kept.of(self._region, images.infrared, images.visible, name="region")
        return over_region(cost, region, mean=self._mean)
