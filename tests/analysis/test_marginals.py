"""Marginal variances of trees, against the evaluator of Optuna and against sums by hand."""

import numpy as np
import optuna
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

from ablate.analysis.marginals import leaves
from tests.analysis.exploring import spread


def test_shares_are_those_of_optuna() -> None:
    names, columns = ("a", "b", "c"), spread(64, 3, 0)
    kinds = [names[int(3 * place)] for place in columns[:, 2]]
    response = columns[:, 0] ** 2 + columns[:, 1] * (columns[:, 2] < 0.4)
    study = optuna.create_study(storage=optuna.storages.InMemoryStorage(), study_name="oracle")
    flat = optuna.distributions.FloatDistribution(0.0, 1.0)
    named = optuna.distributions.CategoricalDistribution(names)
    for row, kind in zip(columns, kinds, strict=True):
        params = {"x": row[0], "y": row[1], "z": kind}
        shapes = {"x": flat, "y": flat, "z": named}
        study.add_trial(optuna.trial.create_trial(params=params, distributions=shapes, value=0.0))
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=8, max_depth=6, seed=0)
    wanted = evaluator.evaluate(study, target=lambda trial: float(response[trial.number]))

    one_hot = np.array([[float(kind == name) for name in names] for kind in kinds])
    forest = RandomForestRegressor(n_estimators=8, max_depth=6, random_state=0)
    forest.fit(np.column_stack([columns[:, :2], one_hot]), response)
    trees = [leaves(tree.tree_) for tree in forest.estimators_]
    for name, at in {"x": [0], "y": [1], "z": [2, 3, 4]}.items():
        share = np.mean([tree.marginal_variance(at) / tree.variance for tree in trees])
        assert share == pytest.approx(wanted[name], rel=1e-9), name


def test_a_step_has_the_variance_of_its_two_halves() -> None:
    columns = np.array([[0.0, 0.1], [0.2, 0.9], [0.8, 0.2], [1.0, 0.7]])
    tree = leaves(DecisionTreeRegressor().fit(columns, [0.0, 0.0, 2.0, 2.0]).tree_)
    assert tree.variance == pytest.approx(1.0)
    assert tree.marginal_variance([0]) == pytest.approx(1.0)
    assert tree.marginal_variance([1]) == 0.0
    assert np.prod(tree.high - tree.low, axis=1).sum() == 1.0


def test_a_product_has_variance_that_no_single_column_has() -> None:
    columns = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    tree = leaves(DecisionTreeRegressor().fit(columns, [1.0, -1.0, -1.0, 1.0]).tree_)
    assert tree.marginal_variance([0]) == tree.marginal_variance([1]) == 0.0
    assert tree.marginal_variance([0, 1]) == tree.variance == 1.0
