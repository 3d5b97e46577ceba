"""Scenes as cases: a plain writing, the case of one image per scene, and planted truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ablate.errors import DataError
from ablate.stats.crossed import crossed_t, effective_cases

MSRS_MINI = [2, 5, 6, 5, 3, 5, 4]  # images of the seven scenes of its test part, about
shapes = st.tuples(
    st.integers(2, 8), st.lists(st.integers(1, 6), min_size=2, max_size=7), st.integers(0, 2**31)
)


def scenes_of(sizes: list[int]) -> list[int]:
    return [scene for scene, size in enumerate(sizes) for _ in range(size)]


def plain(d: np.ndarray, scenes: list[int]) -> tuple[float, float, float]:
    """Loops over scenes: the variance between them less what the residual explains of it."""
    blocks, images = d.shape
    names = sorted(set(scenes))
    share = {g: scenes.count(g) / images for g in names}
    mean = {
        (r, g): np.mean([d[r, i] for i in range(images) if scenes[i] == g])
        for r in range(blocks)
        for g in names
    }
    grand = d.mean()
    of_scene = {g: np.mean([mean[r, g] for r in range(blocks)]) for g in names}
    of_block = [d[r].mean() for r in range(blocks)]
    k = len(names) / (len(names) - 1)
    between = sum(k * share[g] ** 2 * (of_scene[g] - grand) ** 2 for g in names)
    noise = sum(
        k * share[g] ** 2 * (mean[r, g] - of_block[r] - of_scene[g] + grand) ** 2
        for r in range(blocks)
        for g in names
    ) / (blocks * (blocks - 1))
    v_images = max(between - noise, 0.0)
    v_blocks = np.var(of_block, ddof=1) / blocks
    cases = 1 / sum(part**2 for part in share.values())
    df = (v_blocks + v_images) ** 2 / (v_blocks**2 / (blocks - 1) + v_images**2 / (cases - 1))
    t = grand / np.sqrt(v_blocks + v_images)
    return float(np.sqrt(v_blocks + v_images)), float(df), float(2 * stats.t.sf(abs(t), df))


@given(shape=shapes)
def test_it_is_the_plain_writing(shape: tuple[int, list[int], int]) -> None:
    blocks, sizes, seed = shape
    random = np.random.default_rng(seed)
    scenes = scenes_of(sizes)
    d = random.normal(size=(blocks, 1)) + random.normal(size=(blocks, len(scenes))) + 0.4
    d += np.repeat(random.normal(size=len(sizes)), sizes)
    found, (se, df, p) = crossed_t(d, groups=scenes), plain(d, scenes)
    assert float(found.se) == pytest.approx(se, rel=1e-9)
    assert float(found.df) == pytest.approx(df, rel=1e-9)
    assert float(found.p) == pytest.approx(p, rel=1e-7)


@given(shape=shapes)
def test_one_image_per_scene_has_the_error_of_images(shape: tuple[int, list[int], int]) -> None:
    blocks, sizes, seed = shape
    d = np.random.default_rng(seed).normal(size=(blocks, sum(sizes))) + 1
    alone, known = crossed_t(d, groups=range(sum(sizes))), crossed_t(d)
    assert float(alone.se) == pytest.approx(float(known.se), rel=1e-9)
    assert float(alone.df) <= float(known.df) + 1e-6


def test_names_and_order_of_scenes_do_not_matter() -> None:
    d = np.random.default_rng(3).normal(size=(5, 6))
    at = [4, 0, 3, 1, 5, 2]
    scenes = ["a", "b", "b", "c", "c", "c"]
    one = crossed_t(d, groups=scenes)
    other = crossed_t(d[:, at], groups=[scenes[i].upper() for i in at])
    assert float(one.p) == pytest.approx(float(other.p), rel=1e-9)


def test_one_scene_is_the_test_over_blocks_alone() -> None:
    d = np.random.default_rng(4).normal(size=(6, 5)) + 1
    assert float(crossed_t(d, groups="aaaaa").p) == float(crossed_t(d, images="fixed").p)


def test_each_image_needs_its_scene() -> None:
    with pytest.raises(DataError, match="2 for 3 images"):
        crossed_t(np.ones((2, 3)), groups=["a", "b"])


def test_scenes_of_equal_size_count_whole() -> None:
    assert effective_cases(scenes_of([3, 3, 3])) == pytest.approx(3)
    assert 1 < effective_cases(scenes_of([1, 1, 28])) < 1.3


@pytest.mark.parametrize("sizes", [MSRS_MINI, [5] * 8, [10] * 4, [3] * 5 + [12]], ids=str)
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.7])
@pytest.mark.parametrize("noise", [2.0, 0.5, 0.2])
def test_false_claims_and_coverage_under_planted_truth(
    sizes: list[int], correlation: float, noise: float
) -> None:
    """The null of one contrast, 4,000 studies: at most .065 claims, coverage .93 to .97."""
    random = np.random.default_rng(20)
    studies, blocks, images = 4_000, 8, sum(sizes)
    of_scenes = np.repeat(random.normal(size=(studies, 1, len(sizes))), sizes, axis=-1)
    d = noise * random.normal(size=(studies, blocks, 1))
    d = d + np.sqrt(correlation) * of_scenes
    d = d + np.sqrt(1 - correlation) * random.normal(size=(studies, 1, images))
    d = d + 0.3 * random.normal(size=(studies, blocks, images))
    found = crossed_t(d, groups=scenes_of(sizes))
    assert float((found.p < 0.05).mean()) <= 0.073  # .065 and two standard errors
    assert 0.93 <= float(((found.low < 0) & (found.high > 0)).mean()) <= 0.97 + 0.005
    if correlation and noise < 1 and len(sizes) < images:
        assert float((crossed_t(d).p < 0.05).mean()) > 0.1  # frames as cases: what this cures
