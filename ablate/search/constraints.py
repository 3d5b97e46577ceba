"""Constraints of a trial: an argument of Optuna 5, a list among the system attributes before."""

from collections.abc import Iterable, Mapping
from typing import Any

from optuna.trial import FrozenTrial

from ablate.search.told import Told

ARE_NAMED = hasattr(FrozenTrial, "set_constraint")  # since Optuna 5
KEY = "constraints"  # what Optuna 4.9 calls them, and what Optuna 5 still reads


def constrained(constraints: Mapping[str, float]) -> dict[str, Any]:
    """Return the keywords of `create_trial` for constraints by name; positive is broken."""
    if ARE_NAMED:
        return {KEY: dict(constraints)}
    return {"system_attrs": {KEY: list(constraints.values())}} if constraints else {}


def heeding(told: Iterable[Told]) -> dict[str, Any]:
    """Return the keywords that make a sampler heed the constraints of told trials.

    Optuna 5 sees on the trials whether there are any, Optuna 4.9 is told by a function.
    """
    if ARE_NAMED or not any(trial.violations for trial in told):
        return {}
    return {"constraints_func": lambda trial: trial.system_attrs[KEY]}
