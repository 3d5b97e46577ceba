"""The trials of an exploration as a table: what varied, how it is encoded, what was left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ablate.analysis.published import StudyFacts
from ablate.design_names import FULL_FACTORIAL, SOBOL
from ablate.positions import positions

Floats: TypeAlias = npt.NDArray[np.float64]
SPREAD = (SOBOL, FULL_FACTORIAL, "fractional_factorial")  # designs that cross what they vary
DUMMY = "dummy"  # the control that sets nothing
MOST_NAMES = 12  # of a dimension of names: more are told apart by single trials
ID = ["phase", "trial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Varied:
    """One dimension of an exploration: a range of numbers, or a few names."""

    name: str
    column: str
    low: float = 0.0
    high: float = 1.0
    is_log: bool = False
    choices: tuple[str, ...] = ()  # empty for a range

    @property
    def width(self) -> int:
        """Return how many columns it has in `encoded`."""
        return len(self.choices) or 1

    def positions(self, values: Sequence[Any]) -> Floats:
        """Return the columns of some values: place in the range, or one column per name."""
        if self.choices:
            return np.array([[float(value == one) for one in self.choices] for value in values])
        places = positions(values, low=self.low, high=self.high, is_log=self.is_log)
        return places[:, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was published of a range; None where its ends are not known."""

    low: float | None = None
    high: float | None = None
    is_log: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """One row per trial that every dimension was active in, in the order of the trials."""

    trials: pd.DataFrame
    dimensions: tuple[Varied, ...]
    left_out: tuple[tuple[str, str], ...]  # dimension, reason
    incomplete: int  # trials without one of the dimensions
    failed: int  # trials without any score


def explored(facts: StudyFacts, runs: pd.DataFrame) -> Explored | None:
    """Return the trials of non-adaptive exploration, None where the study has none.

    Seeds of a trial are averaged: they are one point. Sobol trials are taken alone where there are
    any, for they spread evenly.

    Args:
        facts: What the study published of itself.
        runs: One row per run.
    """
    named = next((some for design in SPREAD if (some := facts.phases_of(design))), [])
    every = runs[runs["phase"].isin(named)]
    if every.empty:
        return None
    columns = settings_of(every)
    scores = [c for c in every.columns if c.startswith(("val/", "test/"))]
    finished = every[every["state"] == "finished"]
    first = finished.groupby(ID, sort=True)[columns].first()
    trials = first.join(finished.groupby(ID, sort=True)[scores].mean()).reset_index()
    failed = len(every.drop_duplicates(ID)) - len(trials)
    kept, left_out = dimensions_of(facts, trials)
    whole = trials.dropna(subset=[one.column for one in kept])
    for one in kept:
        if not one.choices:
            whole = whole.assign(**{one.column: pd.to_numeric(whole[one.column])})
    return Explored(
        trials=whole.reset_index(drop=True),
        dimensions=tuple(kept),
        left_out=tuple(left_out),
        incomplete=len(trials) - len(whole),
        failed=failed,
    )


def dimensions_of(
    facts: StudyFacts, trials: pd.DataFrame
) -> tuple[list[Varied], list[tuple[str, str]]]:
    """Return what varied over some trials, and what is left out with the reason."""
    kept: list[Varied] = []
    left_out: list[tuple[str, str]] = []
    ranges = _ranges(facts)
    for column in settings_of(trials):
        name = column.partition(".")[2] or column
        found = _varied(name, column, trials[column], ranges.get(name, _Known()))
        if isinstance(found, str):
            left_out += [(name, found)] if found else []
        else:
            kept.append(found)
    return kept, left_out


def settings_of(runs: pd.DataFrame) -> list[str]:
    """Return the columns of a run table that hold settings, and the control's."""
    columns = [str(c) for c in runs.columns if str(c).startswith(("factor.", "nuisance."))]
    return [*columns, DUMMY] if DUMMY in runs else columns


def encoded(dimensions: Sequence[Varied], trials: pd.DataFrame) -> Floats:
    """Return one row per trial: ranges as places from 0 to 1, names one-hot."""
    columns = [one.positions(trials[one.column].tolist()) for one in dimensions]
    return np.concatenate(columns, axis=1)


def columns_of(dimensions: Sequence[Varied], name: str) -> list[int]:
    """Return which columns of `encoded` belong to a dimension."""
    start = 0
    for one in dimensions:
        if one.name == name:
            return list(range(start, start + one.width))
        start += one.width
    raise KeyError(name)


def _varied(name: str, column: str, values: pd.Series, known: _Known) -> Varied | str:
    """Return the dimension, or why it is none; nothing is said of what did not vary."""
    present = values.dropna()
    if present.nunique() < 2:
        return ""
    if len(present) * 2 < len(values):
        return f"active in {len(present)} of {len(values)} trials"
    numbers = pd.to_numeric(present, errors="coerce")
    if numbers.notna().all():
        low, high = float(numbers.min()), float(numbers.max())
        low = low if known.low is None else min(float(known.low), low)
        high = high if known.high is None else max(float(known.high), high)
        return Varied(
            name=name,
            column=column,
            low=low,
            high=high,
            is_log=known.is_log and low > 0,
        )
    choices = tuple(sorted(set(present)))
    if len(choices) > MOST_NAMES:
        return f"{len(choices)} different values, above {MOST_NAMES}"
    return Varied(name=name, column=column, choices=choices)


def _ranges(facts: StudyFacts) -> dict[str, _Known]:
    """What was published of ranges; studies of earlier versions published less."""
    found = {DUMMY: _Known(low=0.0, high=1.0)}
    for question in facts.questions:
        if question.trend == "log2":
            found[question.dimension or question.factor] = _Known(is_log=True)
    for one in (*facts.ranges, *facts.nuisance):
        found[one.name] = _Known(low=one.low, high=one.high, is_log=one.is_log)
    return found
