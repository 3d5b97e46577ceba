"""Finished trials, as samplers and pruners see them, and which of them no other one beats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedTrial:
    """A trial that has ended, or that broke a constraint and was never run.

    `value` is None for a failed one; `violations` holds a positive number for every constraint
    that it broke.
    """

    number: int
    values: Mapping[str, Any]  # dimension -> value, active ones only
    value: float | None
    further: tuple[float, ...] = ()  # values of the objectives after the first
    is_pruned: bool = False
    reports: Mapping[int, float] = field(default_factory=dict)  # objective by rung
    violations: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_feasible(self) -> bool:
        """Whether the trial ran to its end."""
        return self.value is not None and not self.is_pruned and not self.violations

    @property
    def objectives(self) -> tuple[float, ...]:
        """The value of every objective; empty where the trial has none."""
        return () if self.value is None else (self.value, *self.further)


def front(
    finished: Sequence[FinishedTrial], *, directions: Sequence[Direction]
) -> list[FinishedTrial]:
    """The trials that no other dominates, by number.

    A trial dominates another when it is at least as good in every objective and better in one;
    equals stay side by side. Trials that failed, were pruned or broke a constraint are left out.
    With one objective these are the best ones.

    Example:
        >>> trials = [
        ...     FinishedTrial(number=number, values={}, value=one, further=(other,))
        ...     for number, (one, other) in enumerate([(1.0, 3.0), (2.0, 2.0), (1.0, 2.0)])
        ... ]
        >>> [trial.number for trial in front(trials, directions=("maximize", "maximize"))]
        [0, 1]
    """
    signs = [-1.0 if direction == "maximize" else 1.0 for direction in directions]
    costs = {
        trial.number: [s * v for s, v in zip(signs, trial.objectives, strict=True)]
        for trial in finished
        if trial.is_feasible
    }
    kept: list[list[float]] = []
    on_front = set()
    for number in sorted(costs, key=lambda number: costs[number]):  # what dominates comes earlier
        if not any(_dominates(other, costs[number]) for other in kept):
            kept.append(costs[number])
            on_front.add(number)
    return sorted(
        (trial for trial in finished if trial.number in on_front), key=lambda trial: trial.number
    )


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True)) and list(one) != list(other)
