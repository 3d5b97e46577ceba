"""Positions to values: ends, order, equal shares, and no last bit in an identity."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import qmc

from ablate.config.schema import Dimension
from ablate.designs.points import scrambled, value_of

positions = st.floats(0.0, 1.0, exclude_max=True)
LOG = Dimension(name="x", type="float", low=1e-4, high=1e-2, log=True)
LINEAR = Dimension(name="x", type="float", low=0.25, high=0.84)


@given(one=positions, other=positions)
def test_values_stay_in_range_and_keep_the_order_of_positions(one: float, other: float) -> None:
    for dimension in (LOG, LINEAR):
        low, high = sorted((one, other))
        assert dimension.low is not None
        assert dimension.high is not None
        first, second = value_of(dimension, low), value_of(dimension, high)
        assert dimension.low <= first <= second <= dimension.high


@given(position=positions)
def test_a_log_scale_is_uniform_in_the_logarithm(position: float) -> None:
    expected = 10 ** (-4 + 2 * position)
    assert value_of(LOG, position) == pytest.approx(expected, rel=1e-5)  # six digits


@given(position=positions)
def test_values_have_at_most_six_digits(position: float) -> None:
    value = value_of(LINEAR, position)
    assert value == float(f"{value:.6g}")


def test_whole_numbers_steps_and_choices_have_equal_shares() -> None:
    whole = Dimension(name="n", type="int", low=1, high=5)
    stepped = Dimension(name="n", type="float", low=0.1, high=0.3, step=0.1)
    named = Dimension(name="n", type="categorical", choices=("a", "b", "c"))
    for dimension, expected in (
        (whole, [1, 2, 3, 4, 5]),
        (stepped, [0.1, 0.2, 0.3]),
        (named, ["a", "b", "c"]),
    ):
        counts = Counter(value_of(dimension, (k + 0.5) / 300) for k in range(300))
        assert counts == dict.fromkeys(expected, 300 // len(expected))


def test_a_whole_number_on_a_log_scale_reaches_both_ends() -> None:
    dimension = Dimension(name="n", type="int", low=1, high=64, log=True)
    counts = Counter(value_of(dimension, k / 1000) for k in range(1000))
    assert set(counts) >= {1, 2, 3, 4, 64}
    assert counts[1] > counts[2] > counts[4]


@given(count=st.integers(1, 33), dimensions=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_points_are_those_of_scipy_and_do_not_depend_on_the_count(
    count: int, dimensions: int, seed: int
) -> None:
    mine = scrambled(count=count, dimensions=dimensions, seed=seed)
    theirs = qmc.Sobol(d=dimensions, scramble=True, rng=seed).random_base2(6)[:count]
    np.testing.assert_array_equal(mine, theirs)


def test_without_dimensions_points_are_empty() -> None:
    assert scrambled(count=3, dimensions=0, seed=1) == [[], [], []]
