"""The trials of searches, explorations and grids as tables: what every view of them starts from."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ablate.analysis.dimensions import DUMMY, Varied, dimensions_of
from ablate.analysis.health import is_unhealthy
from ablate.analysis.published import StudyFacts
from ablate.design_names import FULL_FACTORIAL, SEARCH, SEARCHES
from ablate.metrics.catalogue import is_lower_better

MOST_VALUES = 12  # of a dimension of a grid
FILLED = 0.5  # share of its combinations that a grid has at least
OFTEN = 1.5  # combinations per value that it has at least: drawn numbers hardly come twice


def searched_trials(facts: StudyFacts, runs: pd.DataFrame, *, objective: str = "") -> pd.DataFrame:
    """One row per trial of searches and explorations, in the order of their numbers.

    Beside the columns of its first run it has: `score`, the mean of the objective over the seeds
    that finished healthy, missing where none did; `seeds`, how many these are; `sd` over them;
    `is_adaptive`, whether a sampler that saw scores suggested it.

    Args:
        facts: What the study published of itself.
        runs: One row per run.
        objective: Column such as "val/qabf"; by default the one that selects.
    """
    kinds = {name: facts.phases[name].design == SEARCH for name in facts.phases_of(*SEARCHES)}
    trials = _means(runs[runs["phase"].isin(kinds)], objective or facts.objective)
    return trials.assign(is_adaptive=trials["phase"].map(kinds).astype(bool))


def best_first(trials: pd.DataFrame, objective: str) -> pd.DataFrame:
    """The trials with a score, the best first; equal ones in their order."""
    scored = trials.dropna(subset=["score"])
    return scored.sort_values("score", ascending=is_lower_better(objective), kind="stable")


def searched_dimensions(facts: StudyFacts, trials: pd.DataFrame) -> list[Varied]:
    """What varied over some trials, the control left out."""
    return [one for one in dimensions_of(facts, trials)[0] if one.name != DUMMY]


def with_reports(trials: pd.DataFrame, curves: pd.DataFrame, objective: str) -> pd.DataFrame:
    """The trials with what they last reported before they were stopped: `reported`, `stopped_at`.

    Both are missing for trials that have a score or reported nothing.

    Args:
        trials: From `searched_trials`.
        curves: One row per run, key and step.
        objective: The key of the reports, such as "val/qabf".
    """
    mine = curves[(curves["key"] == objective) & curves["run_id"].isin(trials["run_id"])]
    last = mine.sort_values("step").groupby("run_id").tail(1).set_index("run_id")
    has_none = trials["score"].isna()
    return trials.assign(
        reported=trials["run_id"].map(last["value"]).where(has_none),
        stopped_at=trials["run_id"].map(last["step"]).where(has_none),
    )


def grid_trials(facts: StudyFacts, runs: pd.DataFrame) -> tuple[pd.DataFrame, list[Varied]]:
    """The scored trials of the largest grid of a study, and its dimensions; none without a grid.

    A grid is a phase that crosses two or more dimensions of a few values: a full factorial, or a
    search that has been through half of all combinations or more.
    """
    found: tuple[pd.DataFrame, list[Varied]] = (pd.DataFrame(), [])
    for phase in facts.phases_of(FULL_FACTORIAL, *SEARCHES):
        trials = _means(runs[runs["phase"] == phase], facts.objective)
        dimensions = searched_dimensions(facts, trials)
        if _is_grid(trials, dimensions) and len(trials) > len(found[0]):
            found = (trials, dimensions)
    trials, dimensions = found
    return (trials.dropna(subset=["score"]) if dimensions else trials), dimensions


def values_of(trials: pd.DataFrame, one: Varied) -> list[float | str]:
    """The values that a dimension of a grid has: numbers from the smallest, names as they come."""
    present = trials[one.column].dropna()
    if one.choices:
        return [str(value) for value in dict.fromkeys(present)]
    return sorted({float(value) for value in present})


def _is_grid(trials: pd.DataFrame, dimensions: Sequence[Varied]) -> bool:
    counts = [len(values_of(trials, one)) for one in dimensions]
    if len(counts) < 2 or max(counts) > MOST_VALUES:
        return False
    combinations = trials[[one.column for one in dimensions]].drop_duplicates()
    return len(combinations) >= max(FILLED * float(np.prod(counts)), OFTEN * max(counts))


def _means(runs: pd.DataFrame, objective: str) -> pd.DataFrame:
    """One row per trial with mean, deviation and number of its healthy scores."""
    scores = runs[objective] if objective in runs else pd.Series(np.nan, index=runs.index)
    counts = (runs["state"] == "finished") & ~is_unhealthy(runs)
    by = runs.assign(score=scores.astype(float).where(counts)).groupby(["phase", "trial"])["score"]
    means = pd.DataFrame({"score": by.mean(), "sd": by.std(ddof=1), "seeds": by.count()})
    first = runs.drop_duplicates(["phase", "trial"]).drop(
        columns=["score", "sd", "seeds"], errors="ignore"
    )
    trials = first.merge(means.reset_index(), on=["phase", "trial"])
    return trials.sort_values("trial", kind="stable").reset_index(drop=True)
