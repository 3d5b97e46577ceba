"""Mean score per value as it came, and with everything else averaged out by the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ablate.analysis.dependence import BAND, MOST_AVERAGED, Process, averaged
from ablate.analysis.dimensions import Floats, Varied, columns_of, encoded
from ablate.analysis.question import RegisteredQuestion
from ablate.numbers import is_number
from ablate.published import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueMean:
    """Mean score of one value: raw over its trials, adjusted by the model, and as a search saw it.

    Args:
        question: Its id.
        factor: What is compared.
        value: Of the factor.
        trials: Non-adaptive trials of the value.
        raw: Their mean; None without any.
        adjusted: The model's mean over the same other settings for every value.
        low: Lower end of its 95 % band.
        high: Upper end.
        searched_trials: Adaptive trials of the value.
        searched: Their mean; None without any.
    """

    question: str
    factor: str
    value: Value
    trials: int
    raw: float | None
    adjusted: float
    low: float
    high: float
    searched_trials: int
    searched: float | None


def effects(
    questions: Sequence[RegisteredQuestion],
    trials: pd.DataFrame,
    dimensions: Sequence[Varied],
    response: str,
    *,
    fitted: Process,
    adaptive: pd.DataFrame,
) -> tuple[ValueMean, ...]:
    """Raw and adjusted means of every compared value, with the raw mean of a search beside them.

    Raw means are over trials that chance gave their other settings; the adjusted mean is the
    model's over the same settings for every value. The mean of trials that a sampler chose favours
    what scored well early; it is shown to warn, and enters nothing.

    Args:
        questions: As registered, with their values.
        trials: Of a non-adaptive exploration.
        dimensions: What varied in it.
        response: Column of the scores.
        fitted: Model of the response over the dimensions.
        adaptive: Finished runs of searches; may be empty.
    """
    known = {one.name: one for one in dimensions}
    others = encoded(dimensions, trials.head(MOST_AVERAGED))
    found = []
    for question in questions:
        values, one = near(question, trials), known.get(question.dimension or "")
        if values is None or one is None:
            continue
        asked = [value for value in question.values if _is_inside(one, value)]
        columns = columns_of(dimensions, one.name)
        means, deviations = averaged(
            fitted, others, columns, one.positions([_of(one, value) for value in asked])
        )
        searched = near(question, adaptive, must_vary=False) if response in adaptive else None
        for value, mean, sd in zip(asked, means, deviations, strict=True):
            mine = trials.loc[values == value, response]
            theirs = adaptive[:0] if searched is None else adaptive[searched == value]
            taken = theirs[response].dropna() if response in theirs else pd.Series(dtype=float)
            found.append(
                ValueMean(
                    question=question.id,
                    factor=question.factor,
                    value=value,
                    trials=len(mine),
                    raw=float(mean_of(mine)) if len(mine) else None,
                    adjusted=float(mean),
                    low=float(mean - BAND * sd),
                    high=float(mean + BAND * sd),
                    searched_trials=len(taken),
                    searched=float(mean_of(taken)) if len(taken) else None,
                )
            )
    return tuple(found)


def near(
    question: RegisteredQuestion, trials: pd.DataFrame, *, must_vary: bool = True
) -> pd.Series | None:
    """The compared value of every trial; None where the factor is absent or must vary.

    A trial anywhere in a range counts for the nearest value of the question.
    """
    column = f"factor.{question.dimension}"
    if column not in trials or trials[column].dropna().nunique() < 1 + must_vary:
        return None
    values = question.values
    numbers = pd.to_numeric(trials[column], errors="coerce")
    if all(is_number(value) for value in values) and numbers.notna().any():
        distances = np.abs(numbers.to_numpy(dtype=float)[:, None] - np.array(values, dtype=float))
        places: Floats = np.where(np.isnan(distances), np.inf, distances)
        nearest = [values[at] for at in places.argmin(axis=1)]
        return pd.Series(nearest, index=trials.index, dtype=object).where(numbers.notna())
    named = {str(value): value for value in values}
    return trials[column].map(named).astype(object)


def mean_of(scores: pd.Series) -> float:
    """Return the mean, summed the same way whatever the order of the runs was."""
    return float(np.mean(np.sort(scores.to_numpy(dtype=float))))


def _of(one: Varied, value: Any) -> Any:
    return str(value) if one.choices else float(value)


def _is_inside(one: Varied, value: Any) -> bool:
    """Return whether the model knows anything of a value."""
    if one.choices:
        return str(value) in one.choices
    return is_number(value) and one.low <= float(value) <= one.high
