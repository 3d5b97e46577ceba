"""Dimensions as Optuna distributions, and define-by-run for the conditional ones."""

from collections.abc import Mapping
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from ablate.config.apply import active
from ablate.config.schema import Dimension


def distributions(dimensions: Mapping[str, Dimension]) -> dict[str, BaseDistribution]:
    """Return one distribution per dimension; ranges are closed at both ends."""
    return {name: distribution(dimension) for name, dimension in dimensions.items()}


def distribution(dimension: Dimension) -> BaseDistribution:
    """Return the dimension as Optuna knows it; a bundle is a choice among its names."""
    if dimension.type in ("categorical", "bundle"):
        return CategoricalDistribution(list(dimension.choices or ()))  # type: ignore[arg-type]
    assert dimension.low is not None
    assert dimension.high is not None
    if dimension.type == "int":
        return IntDistribution(
            int(dimension.low),
            int(dimension.high),
            log=dimension.log,
            step=int(dimension.step or 1),
        )
    return FloatDistribution(
        float(dimension.low), float(dimension.high), log=dimension.log, step=dimension.step
    )


def suggest_values(
    trial: Trial, dimensions: Mapping[str, Dimension], base: Mapping[str, Any]
) -> dict[str, Any]:
    """Ask the trial for every dimension that is active given those asked before it."""
    values: dict[str, Any] = {}
    waiting = dict(dimensions)
    while waiting:
        ready = [
            name
            for name, dimension in waiting.items()
            if not any(other in waiting and other in (dimension.when or "") for other in waiting)
        ] or list(waiting)
        name = ready[0]
        dimension = waiting.pop(name)
        assumed = {**values, name: dimension.baseline}
        if name not in active({n: dimensions[n] for n in assumed}, assumed, base):
            continue
        values[name] = _ask(trial, dimension)
    return values


def _ask(trial: Trial, dimension: Dimension) -> Any:
    shape = distribution(dimension)
    if isinstance(shape, CategoricalDistribution):
        return trial.suggest_categorical(dimension.name, shape.choices)
    if isinstance(shape, IntDistribution):
        return trial.suggest_int(
            dimension.name, shape.low, shape.high, step=shape.step, log=shape.log
        )
    assert isinstance(shape, FloatDistribution)
    return trial.suggest_float(
        dimension.name, shape.low, shape.high, step=shape.step, log=shape.log
    )
