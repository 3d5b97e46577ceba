"""Equivalence: the corrected claim against intervals, scipy and planted truth at the margin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ablate.stats.best_set import best_set
from ablate.stats.crossed import crossed_t
from ablate.stats.margins import equivalence_p, is_equivalent
from ablate.stats.multiplicity import holm

sizes = st.floats(-3, 3)


@given(
    estimate=sizes,
    se=st.floats(0.01, 2),
    df=st.floats(1, 50),
    margin=st.floats(0.01, 4),
    alpha=st.floats(0.001, 0.3),
)
def test_it_is_below_alpha_where_the_interval_lies_inside(
    estimate: float, se: float, df: float, margin: float, alpha: float
) -> None:
    half = float(stats.t.ppf(1 - alpha / 2, df)) * se
    inside = is_equivalent(low=estimate - half, high=estimate + half, margin=margin)
    p = float(equivalence_p(estimate, se=se, df=df, margin=margin))
    if abs(p - alpha) > 1e-9:
        assert (p < alpha) is inside


def test_it_is_twice_the_larger_of_two_one_sided_tests() -> None:
    d = np.random.default_rng(0).normal(0.05, 1, size=12)
    low = stats.ttest_1samp(d, -0.8, alternative="greater").pvalue
    high = stats.ttest_1samp(d, 0.8, alternative="less").pvalue
    ours = equivalence_p(d.mean(), se=d.std(ddof=1) / 12**0.5, df=11, margin=0.8)
    assert float(ours) == pytest.approx(2 * max(low, high))


def test_without_spread_it_is_sure() -> None:
    assert equivalence_p([0.0, 0.5, 0.3], se=0, df=3, margin=0.3).tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("rows", [4, 8, 12])
def test_effects_at_the_margin_are_seldom_called_equivalent(rows: int) -> None:
    random = np.random.default_rng(rows)
    studies, blocks, margin = 2_000, 8, 1.0
    shared = random.normal(size=(studies, 1, blocks, 1))
    d = margin + 0.2 * (random.normal(size=(studies, rows, blocks, 1)) - shared)
    t = crossed_t(d, images="fixed")
    p = equivalence_p(t.estimate, se=t.se, df=t.df, margin=margin)
    assert float((holm(p) < 0.05).any(axis=1).mean()) <= 0.05
    assert float((p < 0.05).any(axis=1).mean()) > 0.06  # uncorrected: what this cures


def test_the_true_best_stays_where_images_are_what_differs() -> None:
    """Scores in which images, not blocks, are the noise: the true best is left out in 5 %."""
    random = np.random.default_rng(7)
    studies, blocks, values, images = 300, 8, 4, 20
    lost = by_blocks = 0
    for _ in range(studies):
        of_images = 3.0 * random.normal(size=(1, values, images))
        y = of_images + 0.5 * random.normal(size=(blocks, values, images))
        lost += 0 not in best_set(y, groups=range(images))  # all are equal: any is the best
        by_blocks += 0 not in best_set(y.mean(axis=-1))
    assert lost / studies <= 0.05 + 0.025
    assert by_blocks / studies > 0.2
