from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablate.data import decode
from ablate.errors import DataError


def test_colour_becomes_bt601_luminance_rounded_to_8_bits(tmp_path: Path, write: Callable) -> None:
    path = write(tmp_path / "a.png", rgb=True)
    red, green, blue = np.moveaxis(np.asarray(Image.open(path)).astype(float), -1, 0)
    expected = 0.299 * red + 0.587 * green + 0.114 * blue
    luminance, chroma = decode.colour(path)
    assert luminance.dtype == np.uint8
    assert np.abs(luminance - expected).max() <= 0.5 + 1e-4  # float32 sums
    assert chroma is not None
    # Y and chroma give the colour back
    np.testing.assert_allclose(expected + (chroma[..., 1] - 128) / 0.713, red, atol=1e-3)
    np.testing.assert_allclose(expected + (chroma[..., 0] - 128) / 0.564, blue, atol=1e-3)


def test_grey_stored_as_colour_keeps_its_values_and_has_no_chroma(tmp_path: Path) -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(np.stack([grey] * 3, axis=-1)).save(tmp_path / "a.png")
    luminance, chroma = decode.colour(tmp_path / "a.png")
    assert (luminance == grey).all()
    assert chroma is None


def test_a_palette_is_converted_not_read_as_indices(tmp_path: Path) -> None:
    image = Image.fromarray(np.tile(np.array([[0, 1]], np.uint8), (8, 4)), mode=None)
    image = image.convert("P")
    image.putpalette([200, 200, 200, 40, 40, 40] + [0] * 762)
    image.save(tmp_path / "a.png")
    assert set(np.unique(decode.grey(tmp_path / "a.png"))) == {40, 200}


def test_the_content_decides_not_the_name(tmp_path: Path, write: Callable) -> None:
    path = write(tmp_path / "a.png").rename(tmp_path / "a.bmp")
    assert decode.grey(path).shape == (20, 24)


def test_16_bits_keep_the_high_byte(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 0x8000, 0xFFFF]], np.uint16)).save(tmp_path / "a.png")
    assert decode.grey(tmp_path / "a.png").tolist() == [[0, 128, 255]]


def test_16_bits_that_would_come_out_black_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 900]], np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"0\.\.900 only.*convert it"):
        decode.grey(tmp_path / "a.png")


def test_float_pixels_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match="no known white"):
        decode.grey(tmp_path / "a.tif")


@pytest.mark.parametrize("kept", [0, 60, -60])
def test_a_broken_file_is_named(tmp_path: Path, write: Callable, kept: int) -> None:
    path = write(tmp_path / "a.png")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"a\.png.*replace the file"):
        decode.grey(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.png: no such file"):
        decode.grey(tmp_path / "a.png")
