"""Spaces and searches that several tests share."""

from collections.abc import Mapping, Sequence
from typing import Any

from ablate.config.schema import Dimension, VectorDimension
from ablate.search.contract import SearchSettings
from ablate.search.finished import Direction, FinishedTrial
from ablate.search.history import ARE_NAMED
from ablate.search.suggest import suggest

LEVELS = Dimension(name="levels", type="int", path="loss.levels", low=1, high=4, baseline=3)
DISCRETE = {
    "levels": LEVELS,
    "ratio": Dimension(
        name="ratio",
        type="float",
        path="loss.ratio",
        low=0.25,
        high=0.75,
        step=0.25,
        baseline=0.5,
        when="levels > 1",
    ),
    "kind": Dimension(
        name="kind", type="categorical", path="loss.sign", choices=("kept", "free"), baseline="kept"
    ),
}
MIXED = {
    **DISCRETE,
    "rate": Dimension(
        name="rate", type="float", path="train.rate", low=1e-4, high=1e-2, log=True, baseline=1e-3
    ),
    "weight": Dimension(
        name="weight", type="float", path="loss.weight", low=0.0, high=10.0, baseline=1.0
    ),
}
LISTS = {
    "shares": VectorDimension(
        name="shares",
        type="simplex",
        path="loss.weights",
        size="loss.levels",
        largest=4,
        baseline="equal",
        when="levels > 1",
    ),
    "scales": VectorDimension(
        name="scales",
        type="decreasing",
        path="loss.scales",
        size=3,
        largest=3,
        low=0.3,
        high=0.8,
        baseline=[1.0, 0.5, 0.25],
    ),
    "levels": LEVELS,
}
BASE = {
    "loss": {
        "levels": 3,
        "ratio": 0.5,
        "sign": "kept",
        "weight": 1.0,
        "weights": "equal",
        "scales": [1.0, 0.5, 0.25],
    },
    "train": {"rate": 1e-3},
}
UP: tuple[Direction, ...] = ("maximize",)
TABLES = ("qmc", "grid")  # look at no history
DISCRETE_ONLY = ("brute_force", "grid")


def space_of(sampler: str) -> dict[str, Dimension]:
    return DISCRETE if sampler in DISCRETE_ONLY else MIXED


def broken(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the violation of the one constraint: many levels need a large ratio."""
    is_fine = values.get("ratio", 1.0) ** (values["levels"] - 1) >= 0.2
    return {} if is_fine else {"smallest_side": 1.0}


def score(values: Mapping[str, Any]) -> float:
    """Return an objective with its best at rate 1e-3, weight 6, kind free."""
    import math

    misses = (math.log10(values.get("rate", 1e-3)) + 3) ** 2
    misses += (values.get("weight", 6.0) - 6) ** 2 / 36
    return (1.0 if values["kind"] == "free" else 0.0) - misses + 0.1 * values["levels"]


def search(
    sampler: str,
    *,
    trials: int,
    lag: int = 1,
    seed: int = 7,
    dimensions: Mapping[str, Dimension] | None = None,
    directions: Sequence[Direction] = UP,
    options: Mapping[str, Any] | None = None,
    judge: Any = None,
) -> list[FinishedTrial]:
    """Return what a whole search told: suggestion k has seen the trials 0 to k - lag."""
    dimensions = space_of(sampler) if dimensions is None else dimensions
    told: list[FinishedTrial] = []
    for number in range(trials):
        seen = max(0, number - lag + 1)
        values = suggest(
            SearchSettings(
                dimensions=dimensions,
                base=BASE,
                sampler=sampler,
                study_seed=seed,
                directions=tuple(directions),
                options=options or {},
            ),
            number=number,
            finished=told[:seen],
            open_trials=[trial.values for trial in told[seen:]],
        )
        told.append(judged(number, values, judge=judge))
    return told


def judged(number: int, values: Mapping[str, Any], *, judge: Any = None) -> FinishedTrial:
    violations = broken(values) if "kind" in values else {}
    if violations:
        return FinishedTrial(number=number, values=values, value=None, violations=violations)
    if judge is not None:
        first, *further = judge(values)
        return FinishedTrial(number=number, values=values, value=first, further=tuple(further))
    return FinishedTrial(number=number, values=values, value=score(values))


def constraints_of(trial: Any) -> list[float] | dict[str, float]:
    """Return the constraints of a trial: by name since Optuna 5, a list before."""
    found: Any = trial.constraints if ARE_NAMED else trial.system_attrs.get("constraints", [])
    return found


def told_as(constraints: dict[str, float]) -> list[float] | dict[str, float]:
    """Return what `constraints_of` returns for these constraints."""
    return constraints if ARE_NAMED else list(constraints.values())
