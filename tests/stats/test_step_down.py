"""Step-down max-t against a plain writing, scipy, Holm's correction and planted truth."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.errors import DataError
from ablate.stats.multiplicity import holm
from ablate.stats.power import fewest_blocks
from ablate.stats.sign_flip import sign_flip
from ablate.stats.step_down import step_down
from benchmarks import corrections

shapes = st.tuples(st.integers(2, 7), st.integers(1, 5), st.integers(0, 2**31))


def t_of(column: np.ndarray) -> float:
    spread = column.std(ddof=1)
    if spread == 0:
        return 0.0 if column.mean() == 0 else np.inf
    return float(abs(column.mean()) / spread)


def plain(d: np.ndarray) -> list[float]:
    """Every flip, the t of every row, the maximum over the rows that are not yet decided."""
    blocks, rows = d.shape
    seen = [t_of(d[:, k]) for k in range(rows)]
    order = sorted(range(rows), key=lambda k: -seen[k])
    flips = list(itertools.product((1.0, -1.0), repeat=blocks))
    found, before = [0.0] * rows, 0.0
    for step, k in enumerate(order):
        rest = order[step:]
        hits = 0
        for signs in flips:
            t = max(t_of(np.array(signs) * d[:, j]) for j in rest)
            hits += t >= seen[k] * (1 - 1e-9)
        before = max(before, hits / len(flips))
        found[k] = before
    return found


@given(shape=shapes)
def test_it_is_the_plain_writing(shape: tuple[int, int, int]) -> None:
    blocks, rows, seed = shape
    d = np.random.default_rng(seed).normal(size=(blocks, rows)) + 0.8
    assert step_down(d).tolist() == pytest.approx(plain(d))


@given(shape=shapes)
def test_one_row_is_the_sign_flip_test(shape: tuple[int, int, int]) -> None:
    blocks, _, seed = shape
    d = np.random.default_rng(seed).normal(size=blocks) + 0.5
    assert step_down(d[:, None]).tolist() == pytest.approx([sign_flip(d)])


@given(shape=shapes)
def test_it_never_says_less_than_the_row_alone_nor_more_than_bonferroni(
    shape: tuple[int, int, int],
) -> None:
    blocks, rows, seed = shape
    d = np.random.default_rng(seed).normal(size=(blocks, rows)) + 0.8
    alone = np.array([sign_flip(d[:, k]) for k in range(rows)])
    found = step_down(d)
    assert (found >= alone - 1e-12).all()
    assert (found <= np.minimum(1, rows * alone.max()) + 1e-12).all()


def test_equal_rows_cost_nothing() -> None:
    d = np.random.default_rng(1).normal(size=(8, 1)) + 2
    assert step_down(np.repeat(d, 5, axis=1)).tolist() == [sign_flip(d[:, 0])] * 5


def test_a_row_of_zeros_is_no_finding() -> None:
    assert step_down([[0.0, 1.0]] * 6).tolist() == [1.0, 0.03125]


def test_many_blocks_are_sampled_always_alike() -> None:
    d = np.random.default_rng(2).normal(size=(30, 3)) + 0.5
    assert step_down(d).tolist() == step_down(d).tolist()


def test_one_block_is_refused() -> None:
    with pytest.raises(DataError, match="two or more"):
        step_down([[1.0, 2.0]])


def test_eight_blocks_cannot_reject_twelve_rows_one_by_one() -> None:
    assert fewest_blocks(0.05 / 12) == 9
    assert 2 / 2**8 * 12 > 0.05


def test_errors_and_power_beside_holm_under_planted_truth() -> None:
    """Six rows that share a baseline: errors at most .065, and more power than Holm's flips."""
    random = np.random.default_rng(5)
    studies, blocks, rows = 400, 8, 6
    false = found = by_holm = 0
    for _ in range(studies):
        scores = random.normal(size=(blocks, rows + 1))
        d = scores[:, 1:] - scores[:, :1]
        false += bool((step_down(d) < 0.05).any())
        d = d + np.array([2.5] + [0.0] * (rows - 1))
        found += bool(step_down(d)[0] < 0.05)
        by_holm += bool(holm([sign_flip(d[:, k]) for k in range(rows)])[0] < 0.05)
    assert false / studies <= 0.065 + 0.02
    assert found > by_holm


def test_the_benchmark_has_the_same_p_where_it_takes_all_flips() -> None:
    d = np.random.default_rng(3).normal(size=(8, 5)) + np.arange(5) / 2
    np.testing.assert_allclose(corrections.step_down_p(d), step_down(d))


def test_flips_of_blocks_know_nothing_of_other_images() -> None:
    size = {"blocks": 8, "values": 4, "metrics": 1, "studies": 300}
    t, flips = corrections.rates("normal", image_sd=2.0, **size)
    assert t.false <= 0.09
    assert flips.false >= 0.11  # why the crossed t decides
    t, flips = corrections.rates("collapse", image_sd=0.1, **size)
    assert flips.false <= 0.09
    assert flips.power > t.power + 0.05  # why flips stand beside it
