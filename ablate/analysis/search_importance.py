"""How much of a search's scores each dimension explains, with how far that is to be trusted."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from ablate.analysis.dimensions import Varied

optuna.logging.set_verbosity(optuna.logging.WARNING)
TREES, DEPTH = 8, 6
RESAMPLED = 12  # bootstrap samples of the trials
MOST_TRIALS = 256  # that a forest sees; more take long and tell no more
FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Share of the variance of the scores that a dimension explains alone.

    Args:
        dimension: Its name.
        share: From 0 to 1.
        low: The smallest over resampled trials.
        high: The largest over resampled trials.
        trials: In which it was active and that have a score.
    """

    dimension: str
    share: float
    low: float
    high: float
    trials: int


def shares(
    trials: pd.DataFrame,
    dimensions: Sequence[Varied],
    *,
    resampled: int = RESAMPLED,
    seed: int = 0,
) -> tuple[Share, ...]:
    """Share of variance per dimension by Optuna's fANOVA, the largest first.

    Two trials are enough: how little few trials say is what `low` and `high` show, which are those
    of bootstrap samples of the trials. A dimension that is not always active is looked at in the
    trials in which it is. Trials of a search crowd where scores were good: this describes them.

    Args:
        trials: One row per trial with `score`, see `searched_trials`.
        dimensions: What varied.
        resampled: Bootstrap samples; 0 leaves `low` and `high` at the share.
        seed: Of forests and samples.

    Source:
        Hutter, Hoos and Leyton-Brown 2014, An Efficient Approach for Assessing Hyperparameter
        Importance, as optuna.importance.FanovaImportanceEvaluator has it.
    """
    random = np.random.default_rng(seed)
    scored = trials.dropna(subset=["score"])
    if len(scored) > MOST_TRIALS:
        scored = scored.iloc[np.sort(random.choice(len(scored), MOST_TRIALS, replace=False))]
    always = [one for one in dimensions if scored[one.column].notna().all()]
    found: list[Share] = []
    for some in (always, *([*always, one] for one in dimensions if one not in always)):
        mine = scored.dropna(subset=[one.column for one in some])
        if len(mine) < FEWEST:
            continue
        whole = _fanova(mine, some, seed=seed)
        rows = random.integers(0, len(mine), (resampled, len(mine)))
        again = [_fanova(mine.iloc[sample], some, seed=seed) for sample in rows]
        for one in some if some is always else some[-1:]:
            if one.name not in whole:
                continue
            drawn = [each[one.name] for each in again if one.name in each]
            found.append(
                Share(
                    dimension=one.name,
                    share=whole[one.name],
                    low=min([whole[one.name], *drawn]),
                    high=max([whole[one.name], *drawn]),
                    trials=len(mine),
                )
            )
    return tuple(sorted(found, key=lambda one: (-one.share, one.dimension)))


def _fanova(trials: pd.DataFrame, dimensions: Sequence[Varied], *, seed: int) -> dict[str, float]:
    """Share per dimension that varies; nothing where all scores are equal."""
    if float(np.ptp(trials["score"])) == 0.0:
        return {}
    varied = [one for one in dimensions if trials[one.column].nunique() > 1]
    if not varied:
        return {}
    shapes = {one.name: _distribution(one) for one in varied}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(
            storage=optuna.storages.InMemoryStorage(), study_name="importance"
        )
        study.add_trials(
            [
                optuna.trial.create_trial(
                    params={one.name: _value(one, row[one.column]) for one in varied},
                    distributions=shapes,
                    value=float(row["score"]),
                )
                for row in trials.to_dict("records")
            ]
        )
        evaluator = optuna.importance.FanovaImportanceEvaluator(
            n_trees=TREES, max_depth=DEPTH, seed=seed
        )
        try:
            return {name: float(some) for name, some in evaluator.evaluate(study).items()}
        except RuntimeError:  # no tree was split: every bootstrap sample of a forest was level
            return {}


def _value(one: Varied, value: object) -> float | str:
    return str(value) if one.choices else float(value)  # type: ignore[arg-type]


def _distribution(one: Varied) -> BaseDistribution:
    if one.choices:
        return CategoricalDistribution(one.choices)
    return FloatDistribution(one.low, one.high, log=one.is_log)
