import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ablate.errors import ShapeError
from ablate.imaging.colour import luminance, recombine, rgb_to_ycbcr


def colours(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (13, 9, 3), dtype=np.uint8)


def test_luminance_and_chroma_agree_with_pillow_to_one_level() -> None:
    theirs = np.asarray(Image.fromarray(colours()).convert("YCbCr"), dtype=np.float32)
    brightness, chroma = rgb_to_ycbcr(colours())
    np.testing.assert_allclose(brightness, theirs[..., 0], atol=1)  # theirs is rounded
    np.testing.assert_allclose(chroma, theirs[..., 1:], atol=1)


@settings(deadline=None, derandomize=True, max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_recombining_what_was_split_gives_the_image_back(seed: int) -> None:
    np.testing.assert_array_equal(recombine(*rgb_to_ycbcr(colours(seed))), colours(seed))


def test_a_grey_image_has_neutral_chroma_and_its_own_luminance() -> None:
    grey = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=-1)
    brightness, chroma = rgb_to_ycbcr(grey)
    np.testing.assert_allclose(brightness, grey[..., 0], atol=1e-4)
    np.testing.assert_allclose(chroma, 128, atol=1e-4)


def test_red_and_blue_chroma_are_not_exchanged() -> None:
    _, chroma = rgb_to_ycbcr(np.array([[[255, 0, 0], [0, 0, 255]]], dtype=np.uint8))
    assert chroma[0, 0, 1] > 200 > 128 > chroma[0, 0, 0]
    assert chroma[0, 1, 0] > 200 > 128 > chroma[0, 1, 1]


def test_wrong_shapes_are_told() -> None:
    with pytest.raises(ShapeError, match=r"got \(4, 4\)"):
        luminance(np.zeros((4, 4)))
    with pytest.raises(ShapeError, match="does not belong"):
        recombine(np.zeros((4, 4)), np.zeros((4, 5, 2), dtype=np.float32))
