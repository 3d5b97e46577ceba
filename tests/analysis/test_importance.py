"""Importance: what is planted stands above its line, what does nothing stays below it."""

import numpy as np
import pytest

from ablate.analysis import importance as module
from ablate.analysis.dimensions import DUMMY, Varied
from ablate.analysis.importance import importance
from tests.analysis.exploring import plain, spread

STUDIES, MOST_ABOVE = 60, 9  # at a rate of 1 in 20 more than 9 happen in 1 of 1,000


@pytest.fixture
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TREES", 3)


def test_planted_dimensions_stand_above_their_line_and_the_others_below() -> None:
    columns = spread(64, 4, 1)
    trials, dimensions = plain(columns)
    trials["name"] = np.where(columns[:, 3] < 0.5, "a", "b")
    named = Varied(name="name", column="name", choices=("a", "b"))
    score = (
        2 * columns[:, 0] + (columns[:, 3] < 0.5) + 0.1 * np.random.default_rng(0).normal(size=64)
    )
    rows = importance(trials, [*dimensions[:3], named], score)
    assert {row.dimension for row in rows if row.is_above} == {"x0", "name"}
    assert [row.dimension for row in rows[:2]] == ["x0", "name"]
    by_name = {row.dimension: row for row in rows}
    assert by_name["x0"].variance == pytest.approx(4 / 12, rel=0.3)  # of 2 x, x uniform
    assert by_name["name"].variance == pytest.approx(1 / 4, rel=0.4)


def test_a_strong_dimension_does_not_shrink_the_variance_of_another(few_trees: None) -> None:
    """As shares of a sum it would shrink to 1/17 of what it was."""
    columns = spread(64, 3, 3)
    trials, dimensions = plain(columns)

    def of_x1(strength: float) -> float:
        rows = importance(trials, dimensions, strength * columns[:, 0] + columns[:, 1])
        return next(float(row.variance) for row in rows if row.dimension == "x1")

    assert of_x1(4.0) > 0.2 * of_x1(0.0)


def test_the_seed_alone_decides_and_equal_scores_have_no_variance(few_trees: None) -> None:
    trials, dimensions = plain(spread(32, 3, 0))
    score = np.random.default_rng(0).normal(size=32)
    assert importance(trials, dimensions, score) == importance(trials, dimensions, score)
    assert importance(trials, dimensions, score) != importance(trials, dimensions, score, seed=1)
    assert {row.variance for row in importance(trials, dimensions, np.ones(32))} == {0.0}


@pytest.mark.slow
def test_on_noise_the_dummy_is_above_its_line_in_about_one_of_twenty_studies(
    few_trees: None,  # the rate holds for any forest
) -> None:
    above = 0
    for seed in range(STUDIES):
        trials, dimensions = plain(spread(32, 3, seed))
        trials = trials.rename(columns={"x2": DUMMY})
        dimensions[2] = Varied(name=DUMMY, column=DUMMY)
        score = np.random.default_rng(seed).normal(size=32)
        rows = importance(trials, dimensions, score, seed=seed)
        above += next(row.is_above for row in rows if row.is_dummy)
    assert above <= MOST_ABOVE
