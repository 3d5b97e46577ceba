"""Power against statsmodels, against an integral of its own, and the smallest exact p."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaincinv, ndtr, stdtrit
from statsmodels.stats.power import TTestPower

from ablate.stats.power import (
    blocks_needed,
    detectable_effect,
    fewest_blocks,
    paired_power,
    smallest_p,
)

effects = st.floats(0.0, 4.0)
alphas = st.sampled_from([0.05, 0.025, 0.0125, 0.00625, 0.001])
NODES, WEIGHTS = np.polynomial.legendre.leggauss(300)


def integrated(effect: float, blocks: int, alpha: float) -> float:
    """P(|T| > t) as a mean of normal probabilities over the chi distribution of the deviation."""
    spread = np.sqrt(2 * gammaincinv((blocks - 1) / 2, (NODES + 1) / 2) / (blocks - 1))
    critical, shift = stdtrit(blocks - 1, 1 - alpha / 2), effect * math.sqrt(blocks)
    both = ndtr(shift - critical * spread) + ndtr(-shift - critical * spread)
    return float((WEIGHTS / 2 * both).sum())


@given(effect=effects, blocks=st.integers(3, 64), alpha=alphas)
def test_power_is_the_integral_over_the_spread(effect: float, blocks: int, alpha: float) -> None:
    power = paired_power(effect=effect, blocks=blocks, alpha=alpha)
    assert power == pytest.approx(integrated(effect, blocks, alpha), abs=2e-5)


@pytest.mark.parametrize(
    ("blocks", "published"),
    [
        (3, 3.26),
        (5, 1.68),
        (6, 1.43),
        (8, 1.16),
        (10, 1.00),
        (16, 0.75),
        (20, 0.66),
    ],
)
def test_detectable_effects_are_those_of_statsmodels(blocks: int, published: float) -> None:
    found = detectable_effect(blocks=blocks)
    assert round(found, 2) == published
    theirs = TTestPower().solve_power(nobs=blocks, alpha=0.05, power=0.8)
    assert found == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize(("blocks", "alpha"), itertools.product((6, 8, 16), (0.0125, 0.00625)))
def test_power_at_a_corrected_alpha_is_that_of_statsmodels(blocks: int, alpha: float) -> None:
    for effect in (0.3, 1.0, 2.0):
        theirs = TTestPower().power(effect, blocks, alpha, alternative="two-sided")
        assert paired_power(effect=effect, blocks=blocks, alpha=alpha) == pytest.approx(
            theirs, abs=1e-5
        )


@given(blocks=st.integers(2, 40), alpha=alphas)
def test_the_detectable_effect_has_the_power_asked_for(blocks: int, alpha: float) -> None:
    effect = detectable_effect(blocks=blocks, alpha=alpha, power=0.9)
    assert integrated(effect, blocks, alpha) == pytest.approx(0.9, abs=1e-3)
    assert paired_power(effect=0.9 * effect, blocks=blocks, alpha=alpha) < 0.9


def test_without_an_effect_the_test_rejects_as_often_as_alpha_says() -> None:
    assert paired_power(effect=0.0, blocks=8, alpha=0.01) == pytest.approx(0.01, abs=1e-12)
    assert paired_power(effect=-1.3, blocks=8) == paired_power(effect=1.3, blocks=8)
    assert detectable_effect(blocks=1) == math.inf


@given(effect=st.floats(0.05, 3.0), alpha=alphas)
def test_one_block_fewer_than_needed_is_too_few(effect: float, alpha: float) -> None:
    blocks = blocks_needed(effect=effect, alpha=alpha)
    assert blocks is not None
    assert paired_power(effect=effect, blocks=blocks, alpha=alpha) >= 0.8
    assert blocks == 2 or paired_power(effect=effect, blocks=blocks - 1, alpha=alpha) < 0.8


def test_five_blocks_can_never_reject_by_sign_flips_and_six_can() -> None:
    for blocks in range(1, 12):
        differences = np.ones(blocks)  # the most extreme outcome there is
        flips = itertools.product((-1, 1), repeat=blocks)
        sums = [abs(float(np.dot(signs, differences))) for signs in flips]
        assert smallest_p(blocks) == np.mean([total >= blocks for total in sums])
    assert fewest_blocks() == 6
    for alpha in (0.2, 0.1, 0.0625, 0.05, 0.03125, 0.01, 0.001):
        fewest = fewest_blocks(alpha)
        assert smallest_p(fewest) < alpha
        assert fewest == 2 or smallest_p(fewest - 1) >= alpha
