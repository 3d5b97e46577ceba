"""Means along a grid: over all other values, with the spread of what they are the means of."""

import pytest

from ablate.report.figures import NotDrawn
from ablate.report.figures.grid_means import GridMeans
from tests.report.drawable import numbers_of
from tests.report.searching import crossed, hunted


def test_means_and_spreads_are_those_of_the_formula() -> None:
    contents = crossed()
    numbers = numbers_of(GridMeans(), contents)
    means = numbers[numbers["kind"] == "mean"].set_index(["dimension", "value"])
    scores, spreads = (means[name].astype(float).to_dict() for name in ("score", "sd"))
    assert scores["name", "q"] - scores["name", "p"] == pytest.approx(1)
    assert scores["rate", "0.1"] == pytest.approx(1 + 0.5 + 0.15)
    assert means["trials"].to_dict()["rate", "0.1"] == 4
    values = [0 + 0.1, 0 + 0.2, 1 + 0.1, 1 + 0.2]
    spread = (sum((one - 0.65) ** 2 for one in values) / 3) ** 0.5
    assert spreads["rate", "0.1"] == pytest.approx(spread)
    assert len(numbers[numbers["kind"] == "trial"]) == 3 * 12
    assert len(GridMeans().draw(contents, numbers).axes) == 3


def test_seeds_of_a_trial_are_one_trial() -> None:
    one, two = (numbers_of(GridMeans(), crossed(seeds)) for seeds in (1, 2))
    assert one["score"].tolist() == pytest.approx(two["score"].tolist())


def test_a_search_that_draws_numbers_is_no_grid() -> None:
    assert isinstance(GridMeans().numbers(hunted(named=True)), NotDrawn)
