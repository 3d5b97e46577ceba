"""How much of an objective each dimension moves, beside what it seems to move by chance."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from sklearn.ensemble import RandomForestRegressor

from ablate.analysis.dimensions import DUMMY, Floats, Varied, encoded

optuna.logging.set_verbosity(optuna.logging.WARNING)

TREES, DEPTH = 16, 6  # 64 trees of full depth take 27 s for 1,000 trials, these 0.2 s
SHUFFLES = 19


def importance(
    trials: pd.DataFrame, dimensions: Sequence[Varied], response: Floats, *, seed: int = 0
) -> list[dict[str, Any]]:
    """Return the un-normalised fANOVA variance of every dimension, the largest first.

    The variance is that of a forest's prediction when all other dimensions are averaged out, in
    squared units of the response; variances need not sum to anything. `shuffled` is the largest of
    19 forests on shuffled responses: where nothing depends on anything a dimension lies above its
    line in 1 of 20 studies. Beside a strong dimension the lines of all are high, for shuffled
    responses spread as widely as real ones: below its line means undecided.

    Args:
        trials: One row per trial with the columns of the dimensions; none was suggested by a
            sampler that saw scores.
        dimensions: What varied.
        response: One number per trial.
        seed: Of forests and shuffles.

    Source:
        Hutter, Hoos and Leyton-Brown 2014, An Efficient Approach for Assessing Hyperparameter
        Importance; the line is a Monte Carlo test of Barnard 1963.
    """
    study = _study(trials, dimensions)
    columns = encoded(dimensions, trials)
    found = _variances(study, columns, response, seed=seed)
    random = np.random.default_rng(seed)
    shuffled = [
        _variances(study, columns, random.permutation(response), seed=seed) for _ in range(SHUFFLES)
    ]
    rows: list[dict[str, Any]] = [
        {
            "dimension": one.name, "variance": found[one.name],
            "shuffled": max(some[one.name] for some in shuffled), "is_dummy": one.name == DUMMY,
        }
        for one in dimensions
    ]  # fmt: skip
    for row in rows:
        row["is_above"] = row["variance"] > row["shuffled"]
    return sorted(rows, key=lambda row: (-row["variance"], row["dimension"]))


def _variances(
    study: optuna.Study, columns: Floats, response: Floats, *, seed: int
) -> dict[str, float]:
    """Return the variance per dimension: Optuna's share times the variance of the forest.

    Shares alone hide a small effect beside a large one: the shares of shuffled responses add up to
    as much as those of real ones.
    """
    if float(np.ptp(response)) == 0:
        return dict.fromkeys(study.trials[0].params, 0.0)
    evaluator = optuna.importance.FanovaImportanceEvaluator(
        n_trees=TREES, max_depth=DEPTH, seed=seed
    )
    shares = evaluator.evaluate(study, target=lambda trial: float(response[trial.number]))
    forest = RandomForestRegressor(n_estimators=TREES, max_depth=DEPTH, random_state=seed)
    forest.fit(columns, response)
    whole = float(np.mean([tree.predict(columns).var() for tree in forest.estimators_]))
    return {name: float(share) * whole for name, share in shares.items()}


def _study(trials: pd.DataFrame, dimensions: Sequence[Varied]) -> optuna.Study:
    """Return the trials as an in-memory study of Optuna; its objective is left at 0."""
    distributions: dict[str, BaseDistribution] = {
        one.name: CategoricalDistribution(list(one.choices))
        if one.choices
        else FloatDistribution(0.0, 1.0)
        for one in dimensions
    }
    places = {
        one.name: trials[one.column].tolist()
        if one.choices
        else one.positions(trials[one.column].tolist())[:, 0].tolist()
        for one in dimensions
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(storage=optuna.storages.InMemoryStorage(), study_name="table")
        study.add_trials(
            [
                optuna.trial.create_trial(
                    params={name: column[row] for name, column in places.items()},
                    distributions=distributions,
                    value=0.0,
                )
                for row in range(len(trials))
            ]
        )
    return study
