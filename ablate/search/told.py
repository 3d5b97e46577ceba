"""A finished trial as a sampler or pruner may see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of a trial that has ended.

    `value` is None for a failed one; `violations` holds positive numbers for the constraints that
    it broke (then it was never run).
    """

    number: int
    values: Mapping[str, Any]  # dimension -> value, active ones only
    value: float | None
    further: tuple[float, ...] = ()  # values of the objectives after the first
    is_pruned: bool = False
    reports: Mapping[int, float] = field(default_factory=dict)  # objective by rung
    images: Mapping[int, Mapping[str, float]] = field(default_factory=dict)  # by rung and image
    violations: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_feasible(self) -> bool:
        """Return whether the trial ran to its end."""
        return self.value is not None and not self.is_pruned and not self.violations

    @property
    def objectives(self) -> tuple[float, ...]:
        """Return the value of every objective; nothing where the trial has none."""
        return () if self.value is None else (self.value, *self.further)
