import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate import config, data
from ablate.data.pairs import Pair, padded
from ablate.data.sampling import CropSampler
from ablate.errors import ConfigError, DataError
from ablate.study.names import known
from ablate.training.tasks import task_of
from ablate.training.tasks.fusion import check_crop

SETTINGS = {"name": "synthetic", "size": [20, 40], "pairs": {"train": 3, "val": 2, "test": 2}}


@given(height=st.integers(1, 30), width=st.integers(1, 30), least=st.integers(1, 64))
def test_padding_mirrors_both_images_alike_and_only_as_far_as_needed(
    height: int, width: int, least: int
) -> None:
    image = np.arange(height * width, dtype=np.uint8).reshape(height, width)
    pair = Pair(stem="a", infrared=image, visible=255 - image)
    made = padded(pair, least_px=least)
    assert made.infrared.shape == (max(height, least), max(width, least))
    assert (made.visible == 255 - made.infrared).all()  # one place for both
    assert set(np.unique(made.infrared)) == set(np.unique(image))  # no level of its own
    top, left = ((max(side, least) - side) // 2 for side in (height, width))
    assert (made.infrared[top : top + height, left : left + width] == image).all()


def test_small_images_are_refused_or_padded_as_set() -> None:
    with pytest.raises(DataError, match=r"40x20 is smaller than data.crop = 32.*data.small"):
        CropSampler(data.load(SETTINGS).pairs("train"), crop=32, batch_size=1, seed=0)
    pairs = data.load({**SETTINGS, "crop": 32, "small": "pad"})
    batch, _ = CropSampler(pairs.pairs("train"), crop=32, batch_size=2, seed=0).batch(0)
    assert batch.shape == (2, 1, 32, 32)


def test_what_is_scored_stays_as_it_is_also_after_a_redraw() -> None:
    pairs = data.load({**SETTINGS, "crop": 32, "small": "pad"})
    for made in (pairs, pairs.redrawn(1)):
        assert {pair.infrared.shape for pair in made.pairs("train")} == {(32, 40)}
        for split in ("val", "test"):
            assert {pair.infrared.shape for pair in made.pairs(split)} == {(20, 40)}


def test_another_way_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"data\.small: .*did you mean 'pad'"):
        data.load({**SETTINGS, "crop": 32, "small": "padd"})


def test_the_probe_pads_nothing_and_is_not_offered_to() -> None:
    pairs = data.load({**SETTINGS, "crop": 16})
    with pytest.raises(DataError, match=r"larger than 5 images.*or data\.small=pad"):
        check_crop(pairs, 32)
    with pytest.raises(DataError, match=r"larger than 7 images.*set data\.crop") as caught:
        check_crop(pairs, 32, fits_probe=True)
    assert "pad" not in str(caught.value)


@pytest.mark.parametrize(
    ("network", "small", "is_refused"),
    [("probe", "pad", True), ("probe", "refuse", False), ("unet", "pad", False)],
)
def test_padding_for_a_probe_is_refused_by_the_check(
    network: str, small: str, is_refused: bool
) -> None:
    words = [f"model={network}", f"data.small={small}"]
    faults = task_of(config.load("quickstart", words, known=known()).base).faults()
    assert any("data.small: pad: the probe" in fault for fault in faults) == is_refused
