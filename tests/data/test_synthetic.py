import time

import numpy as np
import pytest
from scipy.ndimage import sobel, uniform_filter

from ablate import data
from ablate.data.pairs import SPLITS, Pair
from ablate.data.synthetic import scene
from ablate.errors import ConfigError


@pytest.fixture(scope="module")
def scenes() -> list[Pair]:
    made = data.load({"name": "synthetic", "crop": 64, "seed": 3})
    return [pair for split in SPLITS for pair in made.pairs(split)]


def opposite_share(infrared: np.ndarray, visible: np.ndarray) -> float:
    """Share of the gradient energy whose polarity differs between the modalities."""
    one, other = (
        np.array([sobel(image.astype(float), axis) for axis in (0, 1)])
        for image in (infrared, visible)
    )
    energy = one**2 + other**2
    return float(energy[one * other < 0].sum() / energy.sum())


def near_constant_share(image: np.ndarray) -> float:
    values = image.astype(float)
    variance = uniform_filter(values**2, 7) - uniform_filter(values, 7) ** 2
    return float((np.sqrt(np.maximum(variance, 0)) < 3).mean())


def test_about_half_of_the_gradient_energy_has_opposite_polarity(scenes: list[Pair]) -> None:
    shares = [opposite_share(pair.infrared, pair.visible) for pair in scenes]
    assert 0.45 <= np.mean(shares) <= 0.60


def test_the_polarity_measure_tells_a_copy_from_a_negative(scenes: list[Pair]) -> None:
    image = scenes[0].visible
    assert opposite_share(image, image) == 0
    assert opposite_share(255 - image, image) == pytest.approx(1)


def test_infrared_targets_are_hot_on_darker_ground(scenes: list[Pair]) -> None:
    for pair in scenes:
        # far people are few pixels: over 400 scenes the fewest hot ones were 12, the 5 % point 56
        assert (pair.infrared > 170).sum() >= 10, pair.stem
        assert int(pair.infrared.max()) > np.median(pair.infrared) + 80, pair.stem
    assert np.mean([(pair.infrared > 170).sum() >= 40 for pair in scenes]) > 0.8


def test_fine_texture_stands_in_the_visible_image_only_by_day(scenes: list[Pair]) -> None:
    def fineness(image: np.ndarray) -> float:
        # sky and road are smooth in both: the texture shows above the median
        return float(np.percentile(np.abs(np.diff(image.astype(float), axis=1)), 80))

    ratios = [
        fineness(pair.visible) / fineness(pair.infrared)
        for pair in scenes
        if pair.stem.endswith("D")
    ]
    assert min(ratios) > 1  # 1.1 the least of 200 scenes; sensor noise is in both images
    assert np.mean(ratios) > 1.3


def test_night_scenes_have_large_near_constant_visible_regions(scenes: list[Pair]) -> None:
    share = {
        light: np.mean([near_constant_share(p.visible) for p in scenes if p.stem[-1] == light])
        for light in "DN"
    }
    assert share["N"] > 0.35 > share["D"]


def test_night_is_darker_than_day_in_the_visible_image_only(scenes: list[Pair]) -> None:
    def mean(side: str, light: str) -> float:
        return float(np.mean([getattr(p, side).mean() for p in scenes if p.stem[-1] == light]))

    assert mean("visible", "N") < 0.4 * mean("visible", "D")
    assert mean("infrared", "N") == pytest.approx(mean("infrared", "D"), rel=0.3)


def test_no_row_of_either_image_is_free_of_sensor_noise(scenes: list[Pair]) -> None:
    for pair in scenes:
        assert (pair.infrared.std(axis=1) > 0).all(), pair.stem


def test_equal_settings_give_equal_pairs_and_another_seed_gives_others() -> None:
    one, same, other = (
        scene("test000D", height=32, width=40, seed=seed).infrared for seed in (1, 1, 2)
    )
    assert (one == same).all()
    assert (one != other).mean() > 0.5


def test_more_pairs_leave_the_first_ones_alone() -> None:
    few, many = (
        data.load({"name": "synthetic", "pairs": {"train": n}, "size": [32, 40]}) for n in (2, 4)
    )
    for one, other in zip(few.pairs("train"), many.pairs("train"), strict=False):
        assert (one.visible == other.visible).all()
    assert few.manifest.hash != many.manifest.hash


def test_no_two_scenes_are_alike(scenes: list[Pair]) -> None:
    assert len({pair.visible.tobytes() for pair in scenes}) == len(scenes)


@pytest.mark.parametrize("change", [{"seed": 1}, {"size": [96, 112]}, {"pairs": {"test": 9}}])
def test_each_setting_changes_the_hash(change: dict) -> None:
    plain = data.load({"name": "synthetic"}).manifest.hash
    assert data.load({"name": "synthetic", **change}).manifest.hash != plain


def test_a_pair_is_made_in_a_few_milliseconds() -> None:
    def once() -> float:
        start = time.perf_counter()
        scene("test001N", height=96, width=128, seed=0)
        return time.perf_counter() - start

    assert min(once() for _ in range(10)) < 0.02  # 3 ms on an idle core


def test_faults_of_the_settings_are_told_together() -> None:
    with pytest.raises(ConfigError) as caught:
        data.load({"name": "synthetic", "pairs": {"trian": 3}, "size": [96]})
    assert "did you mean 'pairs.train'?" in str(caught.value)
    assert "[height, width]" in str(caught.value)


def test_a_split_without_pairs_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"data\.pairs\.val: must be a whole number from 1"):
        data.load({"name": "synthetic", "pairs": {"val": 0}})


@pytest.mark.parametrize("size", [[33, 47], [16, 16], [200, 64]])
def test_pairs_have_any_size(size: list[int]) -> None:
    pair = data.load({"name": "synthetic", "size": size}).pairs("val")[1]
    assert pair.infrared.shape == pair.visible.shape == tuple(size)
