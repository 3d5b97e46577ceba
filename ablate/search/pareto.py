"""Which trials no other trial beats in every objective."""

from collections.abc import Sequence

from ablate.search.told import Direction, Told


def front(told: Sequence[Told], *, directions: Sequence[Direction]) -> list[Told]:
    """Return the trials that no other dominates, by number.

    A trial dominates another when it is at least as good in every objective and better in one;
    equals stay side by side. Trials that failed, were pruned or broke a constraint are left out.
    With one objective these are the best ones.

    Example:
        >>> points = [(1.0, 3.0), (2.0, 2.0), (1.0, 2.0)]
        >>> trials = [
        ...     Told(number=n, values={}, value=a, further=(b,)) for n, (a, b) in enumerate(points)
        ... ]
        >>> [trial.number for trial in front(trials, directions=("maximize", "maximize"))]
        [0, 1]
    """
    signs = [-1.0 if direction == "maximize" else 1.0 for direction in directions]
    costs = {
        trial.number: [s * v for s, v in zip(signs, trial.objectives, strict=True)]
        for trial in told
        if trial.is_feasible
    }
    kept: list[list[float]] = []
    on_front = set()
    for number in sorted(costs, key=lambda number: costs[number]):  # what dominates comes earlier
        if not any(_dominates(other, costs[number]) for other in kept):
            kept.append(costs[number])
            on_front.add(number)
    return sorted(
        (trial for trial in told if trial.number in on_front), key=lambda trial: trial.number
    )


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True)) and list(one) != list(other)
