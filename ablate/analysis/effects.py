"""Mean score per value as it came, and with everything else averaged out by the model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis.dependence import BAND, MOST_AVERAGED, Process, averaged
from ablate.analysis.dimensions import Floats, Varied, columns_of, encoded


def effects(
    questions: Sequence[Mapping[str, Any]],
    trials: pd.DataFrame,
    dimensions: Sequence[Varied],
    response: str,
    *,
    fitted: Process,
    adaptive: pd.DataFrame,
) -> list[dict[str, Any]]:
    """Return, per compared value, raw and adjusted means and the raw mean of a search beside them.

    Raw means are over trials that chance gave their other settings; `adjusted` is the model's mean
    over the same settings for every value, with a 95 % band. `searched` is the raw mean of trials
    that a sampler chose: it favours what scored well early, is shown to warn, and enters nothing.

    Args:
        questions: As published, with their values.
        trials: Of a non-adaptive exploration.
        dimensions: What varied in it.
        response: Column of the scores.
        fitted: Model of the response over the dimensions.
        adaptive: Finished runs of searches; may be empty.
    """
    known = {one.name: one for one in dimensions}
    others = encoded(dimensions, trials.head(MOST_AVERAGED))
    found = []
    for raw in questions:
        values, one = near(raw, trials), known.get(_dimension_of(raw) or "")
        if values is None or one is None:
            continue
        asked = [value for value in values_of(raw) if _is_inside(one, value)]
        columns = columns_of(dimensions, one.name)
        means, deviations = averaged(
            fitted, others, columns, one.positions([_of(one, value) for value in asked])
        )
        searched = near(raw, adaptive, must_vary=False) if response in adaptive else None
        for value, mean, sd in zip(asked, means, deviations, strict=True):
            mine = trials.loc[values == value, response]
            theirs = adaptive[:0] if searched is None else adaptive[searched == value]
            taken = theirs[response].dropna() if response in theirs else pd.Series(dtype=float)
            found.append(
                {
                    "question": raw["id"],
                    "factor": raw["factor"],
                    "value": value,
                    "trials": len(mine),
                    "raw": float(mean_of(mine)) if len(mine) else None,
                    "adjusted": float(mean),
                    "low": float(mean - BAND * sd),
                    "high": float(mean + BAND * sd),
                    "searched_trials": len(taken),
                    "searched": float(mean_of(taken)) if len(taken) else None,
                }
            )
    return found


def near(
    raw: Mapping[str, Any], trials: pd.DataFrame, *, must_vary: bool = True
) -> pd.Series | None:
    """Return the compared value of every trial, None where the factor is absent or must vary.

    A trial anywhere in a range counts for the nearest value of the question.
    """
    column = f"factor.{_dimension_of(raw)}"
    if column not in trials or trials[column].dropna().nunique() < 1 + must_vary:
        return None
    values = values_of(raw)
    numbers = pd.to_numeric(trials[column], errors="coerce")
    if all(_is_number(value) for value in values) and numbers.notna().any():
        distances = np.abs(numbers.to_numpy(dtype=float)[:, None] - np.array(values, dtype=float))
        places: Floats = np.where(np.isnan(distances), np.inf, distances)
        nearest = [values[at] for at in places.argmin(axis=1)]
        return pd.Series(nearest, index=trials.index, dtype=object).where(numbers.notna())
    named = {str(value): value for value in values}
    return trials[column].map(named).astype(object)


def _dimension_of(raw: Mapping[str, Any]) -> str | None:
    """Return the dimension whose values are compared; studies of before published its factor."""
    found: str | None = raw.get("dimension", raw["factor"])
    return found


def values_of(raw: Mapping[str, Any]) -> list[Any]:
    """Return the values of a published question, in design order."""
    return [value for value, _ in raw["arms"]]


def mean_of(scores: pd.Series) -> float:
    """Return the mean, summed the same way whatever the order of the runs was."""
    return float(np.mean(np.sort(scores.to_numpy(dtype=float))))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of(one: Varied, value: Any) -> Any:
    return str(value) if one.choices else float(value)


def _is_inside(one: Varied, value: Any) -> bool:
    """Return whether the model knows anything of a value."""
    if one.choices:
        return str(value) in one.choices
    return _is_number(value) and one.low <= float(value) <= one.high
