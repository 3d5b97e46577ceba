"""Image files to 8-bit arrays, whatever their name says they are.

PNG, JPEG (of several pictures in one file the first), BMP, TIFF, WebP, PGM and its kin, JPEG 2000,
GIF and AVIF are known by content. Images stand as their EXIF orientation says, as viewers show
them, and so do their sizes. Palettes are resolved, alpha is dropped, grey stored as colour keeps
its values. Of 16 bits the high byte is kept (65535 is white) unless the caller says another scaling
(`ablate.data.scaling`); a file of which too few grey levels would be left is refused, as are 32-bit
and float pixels, whose white is unknown, and files of several pages.
"""

import functools
import math
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ablate.errors import DataError
from ablate.imaging.colour import luminance, rgb_to_ycbcr

SUFFIXES = frozenset(
    f".{name}"
    for names in (
        ("png", "jpg", "jpeg", "jpe", "jfif", "mpo", "bmp", "dib", "tif", "tiff"),
        ("webp", "pgm", "ppm", "pnm", "pbm", "jp2", "j2k", "gif", "avif"),
    )
    for name in names
)
FORMATS = ("PNG", "JPEG", "MPO", "BMP", "DIB", "TIFF", "WEBP", "PPM", "JPEG2000", "GIF", "AVIF")
LARGEST_PX = 64_000_000
ORIENTATION = 0x0112  # tag of EXIF
_PNG_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_EXIF_TEXTS = (b"Raw profile type exif", b"XML:com.adobe.xmp")
HIGH_BYTE: Final = "high_byte"
FEWEST_LEVELS: Final = 32  # of 256, below which an image that had more of them is refused
NEARLY_BLACK: Final = 4096  # of 65536
Levels: TypeAlias = Callable[[NDArray[Any], Path], NDArray[np.uint8]]  # pixels beyond 8 bits to 8
_SCALE = "choose a scaling (data.scaling, or --scaling of fuse and score) or make it 8-bit grey"
_Pixel = TypeVar("_Pixel", bound=np.generic)
_BROKEN = (  # what decoders raise on broken files
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)


def high_byte(values: NDArray[Any], path: Path) -> NDArray[np.uint8]:
    """Return the high byte of 16-bit pixels.

    Raises:
        DataError: Pixels of 32 bits or floats, whose white is unknown, or few grey levels are left
            of many.
    """
    if values.dtype.itemsize != 2:
        kind = "float" if values.dtype.kind == "f" else "32-bit"
        raise DataError(
            f"{path}: {kind} pixels ({values.min():g} to {values.max():g}) have no known white; "
            f"{_SCALE}"
        )
    made = (values >> 8).astype(np.uint8)
    left, had = (np.count_nonzero(np.bincount(some.ravel())) for some in (made, values))
    if values.max() < NEARLY_BLACK or (left < FEWEST_LEVELS and had >= 4 * left):
        raise DataError(
            f"{path}: 16-bit values {values.min()} to {values.max()}: their high byte leaves "
            f"{left} of 256 grey levels; {_SCALE}"
        )
    return made


def grey(path: Path, *, levels: Levels = high_byte) -> NDArray[np.uint8]:
    """Return an image as grey 8-bit; colour is turned into BT.601 luminance.

    Args:
        path: Of the file.
        levels: Makes 8 bits of grey pixels that have more.

    Raises:
        DataError: The file is missing, broken, or absurdly large.
    """
    return grey_of(bands(path, levels=levels))


def bands(path: Path, *, levels: Levels = high_byte) -> NDArray[np.uint8]:
    """Return the bands of an image as they are stored, (1 or 3, height, width).

    Raises:
        DataError: The file is missing, broken, or absurdly large.
    """
    values = _decode(path, levels)
    return values[None] if values.ndim == 2 else values.transpose(2, 0, 1)


def grey_of(bands: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return grey 8-bit of what `bands` returns; colour is turned into BT.601 luminance."""
    return bands[0] if len(bands) == 1 else _rounded(luminance(bands.transpose(1, 2, 0)))


def colour(
    path: Path, *, levels: Levels = high_byte
) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
    """Return Y rounded to 8 bits, and Cb and Cr where the image has colour.

    Raises:
        DataError: The file is missing, broken, or absurdly large.
    """
    values = _decode(path, levels)
    if values.ndim == 2:
        return values, None
    brightness, chroma = rgb_to_ycbcr(values)
    return _rounded(brightness), chroma if _spread(values) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """How much colour an image has, and how freely it varies.

    Args:
        spread: Mean over pixels of largest minus smallest channel, in grey levels: 0 for grey
            images, below 2 for grey ones whose channels were recompressed, above 3 for real scenes.
        scatter: Part of the variance of the colour differences that brightness does not explain,
            0 to 1: near 0 where a palette gave every brightness its colour.
    """

    spread: float = 0.0
    scatter: float = 1.0


def grey_and_colour(path: Path, *, levels: Levels = high_byte) -> tuple[NDArray[np.uint8], Colour]:
    """Return what `grey` returns, and how much colour there is.

    Raises:
        DataError: The file is missing, broken, or absurdly large.
    """
    values = _decode(path, levels)
    if values.ndim == 2:
        return values, Colour()
    brightness = _rounded(luminance(values))
    return brightness, Colour(spread=_spread(values), scatter=_scatter(values, brightness))


def size(path: Path) -> tuple[int, int]:
    """Return (height, width) as the image is shown, without decoding its pixels.

    Raises:
        DataError: The header cannot be read.
    """
    with _open(path) as image:
        width, height = image.size
        if image.format == "TIFF":  # Pillow may have turned this size already
            width, height = image.tag_v2[256], image.tag_v2[257]  # type: ignore[attr-defined]  # of TIFF
        may_turn = image.format != "PNG" or _tells_orientation(path)
        return (width, height) if may_turn and _orientation(image) > 4 else (height, width)


def _rounded(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(values).astype(np.uint8)


def _spread(rgb: NDArray[np.uint8]) -> float:
    red, green, blue = (rgb[..., channel] for channel in range(3))
    most = np.maximum(np.maximum(red, green), blue)
    return float((most - np.minimum(np.minimum(red, green), blue)).mean())


def _scatter(rgb: NDArray[np.uint8], brightness: NDArray[np.uint8]) -> float:
    """Return `Colour.scatter` from at most some 20,000 pixels, evenly spaced."""
    step = max(1, math.isqrt(brightness.size // 20_000))
    bins = brightness[::step, ::step].ravel() // 4
    sample = rgb[::step, ::step].reshape(-1, 3).astype(np.float64)
    within, whole = 0.0, 0.0
    counts = np.maximum(np.bincount(bins), 1)
    for difference in (sample[:, 0] - sample[:, 1], sample[:, 2] - sample[:, 1]):
        means = np.bincount(bins, difference) / counts
        within += float(((difference - means[bins]) ** 2).sum())
        whole += float(((difference - difference.mean()) ** 2).sum())
    return within / whole if whole else 1.0


def deep_values(path: Path) -> NDArray[Any] | None:
    """Return the pixels (height, width) of an image of more than 8 bits, None for any other.

    Raises:
        DataError: The file is missing, broken, or absurdly large.
    """
    with _open(path) as image:
        if not _is_deep(image.mode):
            return None
    return _pixels(path)


def _decode(path: Path, levels: Levels) -> NDArray[np.uint8]:
    """Return (height, width) or (height, width, 3)."""
    values = _pixels(path)
    return values if values.dtype == np.uint8 else levels(values, path)


def _is_deep(mode: str) -> bool:
    return mode in ("I", "F") or mode.startswith("I;16")


def _pixels(path: Path) -> NDArray[Any]:
    """Return (height, width) or (height, width, 3), uint8 or what a file of more bits holds."""
    with _open(path) as image:
        mode = image.mode
        if mode == "P" and image.palette is None and image.format == "PNG":
            raise DataError(f"{path}: palette without colours; save it as 8-bit grey")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what matters is whether pixels come out
                has_more = _has_more(image)
                wanted = "L" if mode in ("1", "L", "LA") else "RGB"
                is_kept = _is_deep(mode) or mode == wanted
                values = np.asarray(image if is_kept else image.convert(wanted))
                values = _upright(values, _orientation(image))
        except _BROKEN as error:
            raise DataError(f"{path}: broken image ({_short(error)}); replace the file") from error
    if has_more:
        raise DataError(f"{path}: has several pages; save the one that counts")
    return values


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 (upright) where there is none that can be read.

    Pillow turns TIFF images itself while it loads them, and then says 1.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = image.getexif().get(ORIENTATION, 1)
    except _BROKEN:  # the pixels are whole, and other viewers show them as they are stored
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _upright(stored: NDArray[_Pixel], orientation: int) -> NDArray[_Pixel]:
    """Return the pixels as an EXIF orientation of 1 to 8 wants them shown."""
    turned = stored.swapaxes(0, 1) if orientation > 4 else stored
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return np.ascontiguousarray(turned[rows, columns])


def _tells_orientation(png: Path) -> bool:
    """Return whether a PNG has a chunk with EXIF or XMP data, which may stand behind the pixels.

    Asking Pillow for the EXIF data of a PNG decodes all its pixels where it has none.
    """
    with png.open("rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            start = file.read(min(length, 21))
            if kind == b"eXIf" or (kind in _PNG_TEXTS and start.startswith(_EXIF_TEXTS)):
                return True
            file.seek(length - len(start) + 4, 1)
    return False


def _has_more(image: Image.Image) -> bool:
    """Return whether a second page or frame follows, without counting them.

    Of the pictures in one JPEG file the first is the photograph, the others previews or views.
    """
    if image.format == "MPO":
        return False
    try:
        image.seek(1)
    except EOFError:
        return False
    image.seek(0)
    return True


@functools.cache
def _formats() -> tuple[str, ...]:
    """Return those of the formats that this build of Pillow knows."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _open(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(path, formats=_formats())
            image.filename = ""  # else Pillow maps raw TIFF pixels, in rows of the turned width
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check the folder and data.root") from None
    except UnidentifiedImageError:
        what = "not an image of a known format" if path.stat().st_size else "is empty (0 bytes)"
        raise DataError(f"{path}: {what}; replace the file") from None
    except Image.DecompressionBombError:  # more than twice Pillow's own limit
        raise DataError(_too_large(path, "as many as a decompression bomb")) from None
    except _BROKEN as error:
        raise DataError(
            f"{path}: not a readable image ({_short(error)}); replace the file"
        ) from error
    width, height = image.size
    if width * height > LARGEST_PX:
        image.close()
        raise DataError(_too_large(path, f"{width}x{height}"))
    return image


def _too_large(path: Path, what: str) -> str:
    return f"{path}: too many pixels ({what}, at most {LARGEST_PX // 10**6} million); crop it"


def _short(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()).replace("; ", ", ")[:80] or type(error).__name__
