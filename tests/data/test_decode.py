import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import compress, crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    np.testing.assert_allclose(expected + (chroma[..., 1] - 128) * 1.402, red, atol=1e-3)
    np.testing.assert_allclose(expected + (chroma[..., 0] - 128) * 1.772, blue, atol=1e-3)


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
    with pytest.raises(DataError, match=r"0 to 900: .* leaves 2 of 256 grey levels; choose a sc"):
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


def test_an_empty_file_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"a\.png: is empty \(0 bytes\); replace the file"):
        decode.grey(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_formats_without_loss_give_the_same_pixels(tmp_path: Path, suffix: str) -> None:
    values = np.random.default_rng(0).integers(0, 256, (12, 14, 3), np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png")
    Image.fromarray(values).save(tmp_path / f"b.{suffix}")
    assert (decode.grey(tmp_path / "a.png") == decode.grey(tmp_path / f"b.{suffix}")).all()


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_a_16_bit_tiff_follows_the_same_rule(tmp_path: Path, order: str) -> None:
    deep = np.array([[0, 0x8000, 0xFFFF]], np.uint16)
    mode = "I;16" if order == "<u2" else "I;16B"
    Image.frombytes(mode, (3, 1), deep.astype(order).tobytes()).save(tmp_path / "a.tif")
    assert decode.grey(tmp_path / "a.tif").tolist() == [[0, 128, 255]]
    Image.fromarray(deep // 100).save(tmp_path / "b.tif")
    with pytest.raises(DataError, match=r"b\.tif: 16-bit values 0 to 655: "):
        decode.grey(tmp_path / "b.tif")


def test_a_tiff_of_several_pages_is_refused(tmp_path: Path) -> None:
    pages = [Image.new("L", (8, 8), level) for level in (1, 2)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(DataError, match="has several pages"):
        decode.grey(tmp_path / "a.tif")


@pytest.mark.parametrize("mode", ["1", "LA", "RGBA", "CMYK", "YCbCr"])
def test_other_modes_become_grey_of_their_colour(tmp_path: Path, mode: str) -> None:
    values = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    image = Image.fromarray(values).convert(mode)
    path = tmp_path / ("a.png" if mode in ("1", "LA", "RGBA") else "a.tif")
    image.save(path)
    rgb = np.asarray(image.convert("L" if mode in ("1", "LA") else "RGB")).astype(float)
    expected = rgb if rgb.ndim == 2 else rgb @ [0.299, 0.587, 0.114]
    assert np.abs(decode.grey(path) - expected).max() <= 0.5 + 1e-4


def test_what_other_programs_would_draw_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    Image.new("L", (4, 4)).save(tmp_path / "b.ico")
    (tmp_path / "b.ico").rename(tmp_path / "b.png")
    for name in ("a.png", "b.png"):
        with pytest.raises(DataError, match="not an image of a known format"):
            decode.grey(tmp_path / name)


def png_of_size(path: Path, width: int, height: int) -> Path:
    """Write a PNG whose header claims a size, with next to no data."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize(
    ("width", "height", "text"),
    [(9000, 8000, "9000x8000"), (12000, 8000, "12000x8000"), (65000, 65000, "bomb")],
)
def test_gigapixels_are_refused_in_one_line_before_decoding(
    tmp_path: Path, width: int, height: int, text: str
) -> None:
    path = png_of_size(tmp_path / "a.png", width, height)
    for read in (decode.grey, decode.size):
        with pytest.raises(DataError, match=rf"a\.png: too many pixels.*{text}.*crop it") as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_a_png_whose_text_swells_is_refused(tmp_path: Path) -> None:
    path = png_of_size(tmp_path / "a.png", 4, 4)
    raw = path.read_bytes()
    body = b"Comment\0\0" + compress(b"x" * 5_000_000)
    text = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", crc32(b"zTXt" + body))
    path.write_bytes(raw[:33] + text + raw[33:])
    with pytest.raises(DataError, match=r"a\.png: .*replace the file"):
        decode.grey(path)


@settings(deadline=None, max_examples=100)
@given(
    suffix=st.sampled_from(["png", "jpg", "bmp", "tif"]),
    mode=st.sampled_from(["L", "RGB", "P"]),
    hits=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6),
    kept=st.floats(0, 1),
)
def test_damaged_files_are_read_or_refused_by_name_and_nothing_else(
    suffix: str, mode: str, hits: list, kept: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("hit") / f"a.{suffix}"
    values = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(values).convert("RGB" if mode == "P" and suffix == "jpg" else mode).save(path)
    raw = bytearray(path.read_bytes())
    for place, value in hits:
        raw[place % len(raw)] = value
    path.write_bytes(raw[: int(len(raw) * (1 - kept / 2))])
    for read in (decode.grey, decode.size):
        told = ""
        try:
            read(path)
        except DataError as error:
            told = str(error)
        assert not told or (told.startswith(f"{path}: ") and "; " in told and "\n" not in told)


@pytest.mark.parametrize("suffix", ["webp", "pgm", "jp2", "gif", "dib"])
def test_further_formats_are_read(tmp_path: Path, suffix: str) -> None:
    values = np.kron(np.arange(12).reshape(3, 4) * 20, np.ones((16, 16))).astype(np.uint8)
    options: dict[str, Any] = {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(values).save(tmp_path / f"a.{suffix}", **options)
    assert (decode.grey(tmp_path / f"a.{suffix}") == values).all()
    assert decode.size(tmp_path / f"a.{suffix}") == (48, 64)
    assert f".{suffix}" in decode.SUFFIXES


def test_of_several_pictures_in_a_jpeg_the_first_is_read(tmp_path: Path) -> None:
    first, second = (Image.new("L", (16, 16), level) for level in (40, 200))
    for name in ("a.mpo", "a.jpg"):
        first.save(tmp_path / name, format="MPO", save_all=True, append_images=[second])
        assert decode.grey(tmp_path / name).mean() == pytest.approx(40, abs=1)


TURNS: dict[int, Callable] = {  # EXIF orientation -> what a viewer does with the stored pixels
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(stored.T, 2),
    8: np.rot90,
}
TAGGED = ["jpg", "png", "tif", "webp", "mpo"]


def tagged(path: Path, stored: np.ndarray, orientation: int) -> Path:
    exif = Image.Exif()
    exif[decode.ORIENTATION] = orientation
    Image.fromarray(stored).save(path, exif=exif)
    return path


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("suffix", TAGGED)
def test_an_image_and_its_size_stand_as_its_exif_orientation_says(
    tmp_path: Path, suffix: str, orientation: int
) -> None:
    stored = np.kron(np.array([[10, 90, 170], [50, 130, 250]], np.uint8), np.ones((8, 8), np.uint8))
    path = tagged(tmp_path / f"a.{suffix}", stored, orientation)
    wanted = TURNS[orientation](stored)
    found = decode.grey(path)
    assert found.shape == wanted.shape == decode.size(path)
    assert np.abs(found.astype(int) - wanted).max() <= (0 if suffix in ("png", "tif") else 6)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bits_and_colour_are_turned_too(tmp_path: Path, suffix: str) -> None:
    deep = np.arange(6, dtype=np.uint16).reshape(2, 3) * 12_000
    found = decode.grey(tagged(tmp_path / f"a.{suffix}", deep, 6))
    assert found.tolist() == np.rot90(deep >> 8, -1).tolist()
    rgb = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    Image.fromarray(np.rot90(rgb, -1)).save(tmp_path / "upright.png")
    turned, upright = (
        decode.colour(path)
        for path in (tagged(tmp_path / f"b.{suffix}", rgb, 6), tmp_path / "upright.png")
    )
    np.testing.assert_array_equal(turned[0], upright[0])
    np.testing.assert_array_equal(turned[1], upright[1])


@pytest.mark.parametrize("kind", [b"eXIf", b"iTXt"])
def test_an_orientation_behind_the_pixels_of_a_png_counts(tmp_path: Path, kind: bytes) -> None:
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3)
    Image.fromarray(stored).save(tmp_path / "a.png")
    exif = Image.Exif()
    exif[decode.ORIENTATION] = 6
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>'
    body = exif.tobytes()[6:] if kind == b"eXIf" else xmp
    late = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))
    raw = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(raw[:-12] + late + raw[-12:])
    assert decode.size(tmp_path / "a.png") == (3, 2)
    assert decode.grey(tmp_path / "a.png").tolist() == np.rot90(stored, -1).tolist()


@pytest.mark.parametrize("orientation", [0, 9, 600])
def test_an_orientation_that_does_not_exist_turns_nothing(tmp_path: Path, orientation: int) -> None:
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3)
    path = tagged(tmp_path / "a.png", stored, orientation)
    assert decode.grey(path).tolist() == stored.tolist()
    assert decode.size(path) == (2, 3)


def test_exif_data_that_cannot_be_read_turns_nothing(tmp_path: Path) -> None:
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3)
    Image.fromarray(stored).save(tmp_path / "a.png", exif=b"Exif\0\0no TIFF header at all")
    assert decode.grey(tmp_path / "a.png").tolist() == stored.tolist()
    assert decode.size(tmp_path / "a.png") == (2, 3)


def test_the_size_of_a_png_is_read_from_its_header(tmp_path: Path, write: Callable) -> None:
    path = write(tmp_path / "a.png")
    path.write_bytes(path.read_bytes()[:-60])  # its pixels are broken
    assert decode.size(path) == (20, 24)
