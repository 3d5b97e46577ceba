"""The crossed t against a plain writing of it, scipy where both agree, and planted truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ablate.errors import DataError
from ablate.stats.crossed import crossed_t

shapes = st.tuples(st.integers(2, 9), st.integers(2, 12), st.integers(0, 2**32 - 1))


def plain(d: np.ndarray, alpha: float = 0.05) -> dict[str, float]:
    """Two-way mean squares with loops, then Hillis' degrees of freedom."""
    blocks, images = d.shape
    grand = sum(sum(row) for row in d) / (blocks * images)
    rows = [sum(row) / images for row in d]
    columns = [sum(d[r, i] for r in range(blocks)) / blocks for i in range(images)]
    ms_r = images * sum((r - grand) ** 2 for r in rows) / (blocks - 1)
    ms_i = blocks * sum((c - grand) ** 2 for c in columns) / (images - 1)
    ms_e = sum(
        (d[r, i] - rows[r] - columns[i] + grand) ** 2 for r in range(blocks) for i in range(images)
    ) / ((blocks - 1) * (images - 1))
    v = ms_r + max(ms_i - ms_e, 0)
    se = (v / (blocks * images)) ** 0.5
    df = v**2 / (ms_r**2 / (blocks - 1))
    half = stats.t.ppf(1 - alpha / 2, df) * se
    return {
        "estimate": grand,
        "se": se,
        "df": df,
        "low": grand - half,
        "high": grand + half,
        "p": 2 * stats.t.sf(abs(grand) / se, df),
    }


@given(shape=shapes)
def test_it_is_the_formula_of_the_protocol(shape: tuple[int, int, int]) -> None:
    blocks, images, seed = shape
    random = np.random.default_rng(seed)
    d = random.normal(size=(blocks, 1)) + random.normal(size=(blocks, images)) + 0.5
    found, wanted = crossed_t(d), plain(d)
    for name, value in wanted.items():
        tolerance = 1e-3 if wanted["df"] > 1e4 else 1e-9  # ours stops at 10^6 degrees of freedom
        if name != "df" or value < 1e5:
            assert float(getattr(found, name)) == pytest.approx(value, rel=tolerance, abs=1e-12)


@given(shape=shapes)
def test_fixed_images_are_the_paired_t_over_block_means(shape: tuple[int, int, int]) -> None:
    blocks, images, seed = shape
    d = np.random.default_rng(seed).normal(size=(blocks, images)) + 0.3
    theirs = stats.ttest_1samp(d.mean(axis=1), 0.0)
    interval = theirs.confidence_interval(0.9)
    ours = crossed_t(d, alpha=0.1, images="fixed")
    assert float(ours.p) == pytest.approx(theirs.pvalue, rel=1e-9)
    assert (float(ours.low), float(ours.high)) == pytest.approx(tuple(interval), rel=1e-9)
    assert float(ours.df) == pytest.approx(blocks - 1)


@given(shape=shapes, factor=st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-3))
def test_units_scale_and_a_sign_mirrors(shape: tuple[int, int, int], factor: float) -> None:
    blocks, images, seed = shape
    d = np.random.default_rng(seed).normal(size=(blocks, images)) + 1
    one, other = crossed_t(d), crossed_t(factor * d)
    ends = sorted([factor * float(one.low), factor * float(one.high)])
    assert [float(other.low), float(other.high)] == pytest.approx(ends, rel=1e-6)
    assert float(other.p) == pytest.approx(float(one.p), rel=1e-6)


def test_many_studies_are_each_their_own() -> None:
    many = np.random.default_rng(0).normal(size=(3, 4, 6, 5))
    found = crossed_t(many)
    assert found.p.shape == (3, 4)
    assert float(found.p[2, 1]) == float(crossed_t(many[2, 1]).p)


def test_without_spread_the_interval_is_the_estimate() -> None:
    nothing, something = crossed_t(np.zeros((6, 4))), crossed_t(np.ones((6, 4)))
    assert (float(nothing.p), float(nothing.low), float(nothing.high)) == (1.0, 0.0, 0.0)
    assert (float(something.p), float(something.low), float(something.high)) == (0.0, 1.0, 1.0)


def test_one_image_is_fixed() -> None:
    d = np.array([[1.0], [2.0], [4.0]])
    assert float(crossed_t(d).p) == pytest.approx(stats.ttest_1samp(d[:, 0], 0).pvalue)


@pytest.mark.parametrize("wrong", [np.ones((1, 9)), [[1.0, np.nan], [1.0, 2.0]]])
def test_one_block_or_a_gap_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"two or more|not finite"):
        crossed_t(wrong)


def coverage(*, studies: int, images: int, image_sd: float, fixed: bool = False) -> float:
    random = np.random.default_rng(7)
    d = (
        0.7 * random.normal(size=(studies, 8, 1))
        + image_sd * random.normal(size=(studies, 1, images))
        + random.normal(size=(studies, 8, images))
    )
    found = crossed_t(d, images="fixed" if fixed else "random")
    return float(((found.low <= 0) & (found.high >= 0)).mean())


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    studies = 4000
    error = 3 * (0.95 * 0.05 / studies) ** 0.5
    for image_sd in (0.0, 0.5):
        assert coverage(studies=studies, images=40, image_sd=image_sd) > 0.95 - error
    assert coverage(studies=studies, images=40, image_sd=2.0) > 0.93  # images rule, 40 of them
    assert coverage(studies=studies, images=40, image_sd=0.0) < 0.975


def test_leaving_the_image_term_out_covers_too_little_where_images_differ() -> None:
    assert coverage(studies=2000, images=40, image_sd=3.0, fixed=True) < 0.80


def test_few_images_that_differ_much_cover_less_than_they_say() -> None:
    random = np.random.default_rng(3)
    d = 0.1 * random.normal(size=(4000, 8, 1)) + random.normal(size=(4000, 1, 8))
    found = crossed_t(d + 0.3 * random.normal(size=(4000, 8, 8)))
    covered = float(((found.low <= 0) & (found.high >= 0)).mean())
    assert 0.89 < covered < 0.93  # the caveat of few images says so
