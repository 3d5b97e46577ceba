"""Contrasts: sums of zero, polynomials of the spacing, and no effect from rounding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.errors import DataError
from ablate.stats.contrasts import against, difference, interaction, linear, quadratic

positions = st.lists(
    st.floats(-4, 4).map(lambda x: round(x, 3)), min_size=3, max_size=7, unique=True
)


@given(x=positions, shift=st.floats(-5, 5))
def test_trends_answer_to_their_own_shape_only(x: list[float], shift: float) -> None:
    line, curve = linear(x), quadratic(x)
    places = np.array(x)
    for weights in (line, curve):
        assert abs(weights.sum()) < 1e-9
        assert weights @ np.full(len(x), shift) == pytest.approx(0, abs=1e-9)
        assert weights[weights > 0].sum() == pytest.approx(1)
    assert line @ places > 0
    assert curve @ places == pytest.approx(0, abs=1e-7)
    assert curve @ (places - places.mean()) ** 2 > 0
    assert line @ curve == pytest.approx(0, abs=1e-9)


def test_equal_spacing_gives_the_tables_of_textbooks() -> None:
    assert (linear([1, 2, 3, 4, 5]) * 3).tolist() == pytest.approx([-2, -1, 0, 1, 2])
    assert (quadratic([1, 2, 3, 4, 5]) * 4).tolist() == pytest.approx([2, -1, -2, -1, 2])


def test_log_spacing_is_another_contrast_than_plain_spacing() -> None:
    ratios = np.array([0.25, 0.35, 0.5, 0.71, 0.84])
    assert np.abs(linear(np.log2(ratios).tolist()) - linear(ratios.tolist())).max() > 0.05


def test_a_difference_takes_its_weights() -> None:
    scores = np.random.default_rng(0).normal(size=(5, 3, 4))
    found = difference(scores, against(count=3, value=2, baseline=1))
    assert found.tolist() == (scores[:, 2] - scores[:, 1]).tolist()


def test_equal_scores_differ_by_nothing_whatever_their_last_bits() -> None:
    scores = np.stack([np.full((6, 5), 0.1) * 3, np.full((6, 5), 0.3)], axis=1)
    assert scores[0, 0, 0] != scores[0, 1, 0]
    assert not difference(scores, [-1, 1]).any()
    assert difference(np.add(scores, [[0.0], [1e-9]]), [-1, 1]).all()


def test_an_interaction_is_zero_where_effects_add_up() -> None:
    first, second = np.array([0.0, 2.0]), np.array([0.0, 5.0, 7.0])
    weights = interaction([-1, 1], [-1, 0, 1])
    added = (first[:, None] + second[None, :]).ravel()
    assert weights @ added == pytest.approx(0)
    assert weights @ (first[:, None] * second[None, :]).ravel() != 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: linear([1.0, 1.0]),
        lambda: quadratic([1.0, 2.0, 1.0]),
        lambda: difference(np.ones((2, 2, 2)), [1, 1]),
        lambda: difference(np.ones((2, 2, 2)), [1, 0, -1]),
    ],
)
def test_too_few_places_or_unbalanced_weights_are_refused(call: object) -> None:
    with pytest.raises(DataError):
        call()  # type: ignore[operator]
