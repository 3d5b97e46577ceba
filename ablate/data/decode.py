"""Image files to 8-bit arrays, whatever their name says they are."""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ablate.errors import DataError

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}
LARGEST_PX = 64_000_000


def grey(path: Path) -> NDArray[np.uint8]:
    """Return an image as grey 8-bit; colour is turned into BT.601 luminance.

    Raises:
        DataError: The file is missing, broken, or absurdly large.
    """
    luminance, _ = colour(path)
    return luminance


def colour(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
    """Return Y rounded to 8 bits, and Cb and Cr where the image has colour.

    Raises:
        DataError: The file is missing, broken, or absurdly large.
    """
    values = _decode(path)
    if values.ndim == 2:
        return values, None
    red, green, blue = (values[..., channel].astype(np.float32) for channel in range(3))
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = np.stack(
        [128 + (blue - luminance) * 0.564, 128 + (red - luminance) * 0.713], axis=-1
    ).astype(np.float32)
    is_grey = bool((red == green).all() and (green == blue).all())
    return np.rint(luminance).astype(np.uint8), None if is_grey else chroma


def size(path: Path) -> tuple[int, int]:
    """Return (height, width) from the file's header alone.

    Raises:
        DataError: The header cannot be read.
    """
    with _open(path) as image:
        width, height = image.size
        return height, width


def _decode(path: Path) -> NDArray[np.uint8]:
    with _open(path) as image:
        if image.mode in ("I", "F"):
            raise DataError(
                f"{path}: pixels of mode {image.mode} have no known white; make it 8-bit grey"
            )
        try:
            if image.mode in ("L", "RGB"):
                return np.asarray(image)
            if image.mode.startswith("I;16"):
                return _high_byte(np.asarray(image), path)
            return np.asarray(image.convert("L" if image.mode in ("1", "LA") else "RGB"))
        except DataError:
            raise
        except (OSError, SyntaxError, ValueError) as error:
            raise DataError(f"{path}: broken image ({error}); replace the file") from error


def _high_byte(deep: NDArray[np.uint16], path: Path) -> NDArray[np.uint8]:
    if deep.max() < 4096:
        raise DataError(
            f"{path}: 16-bit file that uses 0..{deep.max()} only, nearly black in 8 bits; "
            f"convert it to 8-bit grey"
        )
    return (deep >> 8).astype(np.uint8)


def _open(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check the folder and data.root") from None
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: not a readable image ({error}); replace the file") from error
    if image.size[0] * image.size[1] > LARGEST_PX:
        image.close()
        raise DataError(f"{path}: {image.size[0]}x{image.size[1]} pixels are refused; crop it")
    return image
