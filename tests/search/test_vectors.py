"""Lists from positions: they keep their form, come back, and keep volumes in proportion."""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import FloatDistribution
from scipy import stats

from ablate.config.schema import VectorDimension
from ablate.search.finished import FinishedTrial
from ablate.search.history import frozen
from ablate.search.space import distributions, parameters_of
from ablate.search.store import TrialStore
from ablate.search.vectors import positions_of_shares, shares, to_list, to_positions
from tests.search.conftest import LISTS, UP, search

positions = st.lists(st.floats(0, 1), max_size=7)
SCALES = LISTS["scales"]
assert isinstance(SCALES, VectorDimension)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(positions=positions)
def test_shares_are_at_least_0_and_sum_to_1(positions: list[float]) -> None:
    weights = shares(positions)
    assert len(weights) == len(positions) + 1
    assert min(weights) >= 0
    assert math.isclose(math.fsum(weights), 1, abs_tol=1e-12)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(positions=st.lists(st.floats(0.001, 0.999), max_size=7))
def test_the_positions_of_shares_come_back(positions: list[float]) -> None:
    back = positions_of_shares(shares(positions))
    # 1e-6: the last shares of 8 can be 1e-6 of the whole, and differences of 1 lose digits
    np.testing.assert_allclose(back, positions, atol=1e-6)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(positions=positions)
def test_any_list_gives_positions_that_a_store_accepts(positions: list[float]) -> None:
    for dimension in (LISTS["shares"], SCALES):
        assert isinstance(dimension, VectorDimension)
        inside = [0.3 + 0.5 * x for x in positions] if dimension.type == "decreasing" else positions
        value = to_list(dimension, inside)
        for parameter, shape in parameters_of(
            {dimension.name: dimension}, {dimension.name: value}
        ).values():
            assert isinstance(shape, FloatDistribution)
            assert shape.low <= parameter <= shape.high
        again = to_list(dimension, to_positions(dimension, value))
        np.testing.assert_allclose(again, value, atol=1e-9)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_uniform_positions_give_uniform_weights_on_the_simplex(size: int) -> None:
    """Every weight of Dirichlet(1, ..., 1) is Beta(1, size - 1), the last one too."""
    draws = np.random.default_rng(0).random((4000, size - 1))
    weights = np.array([shares(row.tolist()) for row in draws])
    for column in weights.T:
        assert stats.kstest(column, stats.beta(1, size - 1).cdf).pvalue > 0.01
    other = np.random.default_rng(1).dirichlet(np.ones(size), 4000)
    largest = stats.ks_2samp(weights.max(axis=1), other.max(axis=1))
    assert largest.pvalue > 0.01


def test_shares_that_are_only_normalised_would_fail_that_test() -> None:
    draws = np.random.default_rng(0).random((4000, 3))
    weights = draws / draws.sum(axis=1, keepdims=True)
    assert stats.kstest(weights[:, 0], stats.beta(1, 2).cdf).pvalue < 1e-6


@settings(max_examples=50, deadline=None, derandomize=True)
@given(point=st.lists(st.floats(0.05, 0.95), min_size=2, max_size=4))
def test_the_map_scales_every_volume_alike(point: list[float]) -> None:
    """Its Jacobian determinant is 1 / (n - 1)! everywhere: the volume of the simplex."""
    count, step = len(point), 1e-6
    jacobian = np.empty((count, count))
    for index in range(count):
        up, down = list(point), list(point)
        up[index] += step
        down[index] -= step
        difference = np.array(shares(up)) - np.array(shares(down))
        jacobian[:, index] = difference[:-1] / (2 * step)
    # rtol 1e-4: central differences with a step of 1e-6
    np.testing.assert_allclose(np.linalg.det(jacobian), 1 / math.factorial(count), rtol=1e-4)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(ratios=st.lists(st.floats(0.3, 0.8), max_size=5), first=st.sampled_from([1.0, 0.5]))
def test_a_decreasing_list_starts_at_the_first_scale_and_falls(
    ratios: list[float], first: float
) -> None:
    assert isinstance(SCALES, VectorDimension)
    scales = to_list(replace(SCALES, first=first), ratios)
    assert scales[0] == first
    assert all(after < before for before, after in pairwise(scales))
    np.testing.assert_allclose(scales, first * np.cumprod([1.0, *ratios]))


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "gp", "nsga2", "cma_es"])
def test_a_search_over_lists_has_their_form_and_repeats_itself(sampler: str) -> None:
    def judge(values: Any) -> tuple[float]:
        return (values["scales"][1] - values.get("shares", [0.5])[0],)

    options = {"nsga2": {"population": 4}, "cma_es": {"population": 4}, "gp": {"startup": 3}}
    run: dict[str, Any] = {
        "trials": 6 if sampler == "gp" else 14,
        "lag": 3,
        "dimensions": LISTS,
        "judge": judge,
        "options": options.get(sampler),
    }
    one = search(sampler, **run)
    assert one == search(sampler, **run)
    for trial in one:
        values = trial.values
        assert ("shares" in values) == (values["levels"] > 1)
        if "shares" in values:
            assert len(values["shares"]) == values["levels"]
            assert math.isclose(math.fsum(values["shares"]), 1, abs_tol=1e-9)
        first, second, third = values["scales"]
        assert first == 1
        assert 0.3 <= second <= 0.8
        assert 0.3 - 1e-9 <= third / second <= 0.8 + 1e-9


def test_a_list_has_one_parameter_fewer_than_numbers_up_to_its_largest_size() -> None:
    assert list(distributions(LISTS)) == [
        "shares.1",
        "shares.2",
        "shares.3",
        "scales.1",
        "scales.2",
        "levels",
    ]
    some = parameters_of(LISTS, {"shares": [0.5, 0.5], "levels": 2, "unknown": 3})
    assert list(some) == ["shares.1", "levels"]
    assert parameters_of(LISTS, {"shares": "equal"}) == {}
    assert parameters_of(LISTS, {"shares": [1.0]}) == {}


def test_the_store_keeps_the_list_and_its_parameters(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    told = FinishedTrial(number=0, values={"scales": [1.0, 0.5, 0.25], "levels": 2}, value=1.0)
    assert frozen(told, LISTS).params == {"scales.1": 0.5, "scales.2": 0.5, "levels": 2}
    TrialStore(url, study="s", directions=UP, lock=tmp_path / "lock").add(
        told, dimensions=LISTS, attrs={}
    )
    [trial] = optuna.load_study(study_name="s", storage=url).trials
    assert trial.params == {"scales.1": 0.5, "scales.2": 0.5, "levels": 2}
    assert trial.user_attrs["factor.scales"] == [1.0, 0.5, 0.25]
