"""Sign flips, Wilcoxon, effect sizes and Holm against enumeration, statsmodels and scipy."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from ablate.errors import DataError
from ablate.stats.effect_size import d_z, share_better
from ablate.stats.multiplicity import holm
from ablate.stats.sign_flip import sign_flip, wilcoxon

differences = st.lists(st.floats(-5, 5).map(lambda x: round(x, 2)), min_size=2, max_size=8)


@settings(max_examples=40)
@given(d=differences)
def test_sign_flips_are_counted_exactly(d: list[float]) -> None:
    flips = itertools.product((-1, 1), repeat=len(d))
    sums = [abs(sum(s * x for s, x in zip(signs, d, strict=True))) for signs in flips]
    wanted = sum(total >= abs(sum(d)) - 1e-9 for total in sums) / len(sums)
    assert sign_flip(d) == pytest.approx(wanted)


@pytest.mark.parametrize("blocks", [3, 8, 12])
def test_sign_flips_are_those_of_scipy(blocks: int) -> None:
    d = np.random.default_rng(blocks).normal(0.5, 1.0, size=blocks)
    theirs = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", vectorized=True, n_resamples=np.inf
    )
    assert sign_flip(d) == pytest.approx(theirs.pvalue)


def test_flips_that_tie_but_for_their_last_bits_are_ties() -> None:
    assert sign_flip([1.62, 1.44, -2.53, -2.09, 1.56]) == 1.0  # the mean is 0 but for rounding


def test_five_blocks_cannot_reject_and_six_can() -> None:
    assert sign_flip([1, 2, 3, 4, 5]) == 2 / 2**5 > 0.05
    assert sign_flip([1, 2, 3, 4, 5, 6]) == 2 / 2**6 < 0.05


def test_twenty_four_blocks_take_a_fixed_sample_of_flips() -> None:
    d = np.random.default_rng(1).normal(0.3, 1.0, size=24)
    first = sign_flip(d)
    assert first == sign_flip(d)
    assert first == pytest.approx(stats.ttest_1samp(d, 0).pvalue, abs=0.02)


@given(d=differences.filter(any))
def test_wilcoxon_is_that_of_scipy_without_zeros(d: list[float]) -> None:
    kept = [x for x in d if x]
    assert wilcoxon(d) == pytest.approx(stats.wilcoxon(kept).pvalue)


def test_no_difference_at_all_is_no_evidence() -> None:
    zeros = [0.0] * 8
    assert (sign_flip(zeros), wilcoxon(zeros), d_z(zeros)) == (1.0, 1.0, 0.0)
    assert d_z([2.0] * 8) is None


@given(d=differences)
def test_the_share_has_wilsons_interval(d: list[float]) -> None:
    found = share_better(d)
    wins = sum(x > 0 for x in d) + sum(x == 0 for x in d) / 2
    theirs = proportion_confint(wins, len(d), method="wilson")
    assert (found.low, found.high) == pytest.approx(theirs, abs=1e-12)
    assert found.low <= found.share <= found.high
    mirrored = share_better([-x for x in d])
    assert mirrored.share == pytest.approx(1 - found.share)


@given(d=differences.filter(lambda d: np.std(d) > 0.01))
def test_d_z_is_t_over_the_root_of_the_blocks(d: list[float]) -> None:
    t = stats.ttest_1samp(d, 0.0).statistic
    assert d_z(d) == pytest.approx(t / len(d) ** 0.5)


@settings(max_examples=5)  # theirs collects garbage on every call
@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_that_of_statsmodels(p: list[float]) -> None:
    assert holm(p).tolist() == pytest.approx(multipletests(p, method="holm")[1].tolist())


def test_holm_corrects_each_family_of_many() -> None:
    p = np.random.default_rng(0).random((50, 4))
    assert holm(p)[17].tolist() == holm(p[17]).tolist()
    assert holm([]).size == 0
    uncorrected = np.random.default_rng(1).random((4000, 6))
    false = (holm(uncorrected) < 0.05).any(axis=1).mean()
    assert false < 0.05 + 3 * (0.05 * 0.95 / 4000) ** 0.5
    assert (uncorrected < 0.05).any(axis=1).mean() > 0.2  # what it is there for


@pytest.mark.parametrize("test", [sign_flip, wilcoxon, d_z, share_better])
def test_one_block_is_refused(test: object) -> None:
    with pytest.raises(DataError, match="two or more"):
        test([1.0])  # type: ignore[operator]
