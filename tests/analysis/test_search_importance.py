"""Shares of a search: those of what is planted, wide for few trials, and never suppressed."""

import numpy as np
import optuna
import pandas as pd
import pytest

from ablate.analysis import search_importance as module
from ablate.analysis.dimensions import Varied
from ablate.analysis.search_importance import shares
from tests.analysis.exploring import plain, spread


def planted(count: int) -> tuple[pd.DataFrame, list[Varied]]:
    columns = spread(count, 3, 1)
    trials, dimensions = plain(columns)
    noise = 0.05 * np.random.default_rng(0).normal(size=count)
    return trials.assign(score=2 * columns[:, 0] + columns[:, 1] + noise), dimensions


def test_shares_are_those_of_the_planted_variances() -> None:
    found = shares(*planted(64), resampled=4)
    assert [one.dimension for one in found] == ["x0", "x1", "x2"]
    assert [one.share for one in found] == pytest.approx([0.8, 0.2, 0.0], abs=0.08)  # 4 : 1
    assert all(one.low <= one.share <= one.high for one in found)
    assert {one.trials for one in found} == {64}


def test_few_trials_have_shares_with_a_wide_band() -> None:
    few, many = (shares(*planted(count))[0] for count in (8, 64))
    assert few.high - few.low > 2 * (many.high - many.low)
    assert shares(*planted(2), resampled=0)


def test_they_are_those_that_optuna_itself_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    trials, dimensions = planted(16)
    monkeypatch.setattr(module, "TREES", 4)
    study = optuna.create_study()
    for row in trials.to_dict("records"):
        study.enqueue_trial({one.name: row[one.name] for one in dimensions})
    scores = iter(trials["score"])

    def objective(trial: optuna.Trial) -> float:
        for one in dimensions:
            trial.suggest_float(one.name, 0.0, 1.0)
        return float(next(scores))

    study.optimize(objective, n_trials=16)
    theirs = optuna.importance.get_param_importances(
        study,
        evaluator=optuna.importance.FanovaImportanceEvaluator(
            n_trees=4, max_depth=module.DEPTH, seed=0
        ),
        normalize=False,
    )
    mine = {one.dimension: one.share for one in shares(trials, dimensions, resampled=0)}
    assert mine == pytest.approx(theirs)


def test_a_dimension_that_is_not_always_active_is_looked_at_where_it_is() -> None:
    trials, dimensions = planted(32)
    trials.loc[trials["x0"] < 0.5, "x1"] = np.nan
    found = {one.dimension: one for one in shares(trials, dimensions, resampled=2)}
    assert found["x0"].trials == 32
    assert found["x1"].trials == int((trials["x0"] >= 0.5).sum())
    assert found["x1"].share > 0.2  # of x0 only half of the range is left there


def test_equal_scores_and_single_trials_have_none() -> None:
    trials, dimensions = planted(8)
    assert shares(trials.assign(score=1.0), dimensions) == ()
    assert shares(trials.head(1), dimensions) == ()
