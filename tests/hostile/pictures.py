"""Hostile image files, written small: what they claim to be is what makes them hostile."""

import struct
from collections.abc import Callable
from pathlib import Path
from zlib import compress, crc32

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))


def header(width: int, height: int, *, depth: int = 8, colour: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def png(width: int, height: int, *, data: bytes = b"\0" * 99, between: bytes = b"") -> bytes:
    body = chunk(b"IDAT", compress(data)) + chunk(b"IEND", b"")
    return SIGNATURE + header(width, height) + between + body


def bmp(width: int, height: int) -> bytes:
    head = struct.pack("<2sIHHI", b"BM", 1000, 0, 0, 54)
    return (
        head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 1, 1, 0, 0) + b"\0" * 64
    )


def tiff(width: int, height: int, *, following: int = 0) -> bytes:
    """Return a TIFF of one strip; `following` is the offset of the next page."""
    tags = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, height),
        (279, 4, 64),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    folder = struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", 72) + b"\0" * 64 + folder


def animated(path: Path) -> None:
    frames = [Image.new("L", (32, 32), level) for level in (10, 200)]
    frames[0].save(path, "PNG", save_all=True, append_images=frames[1:])


def paged(path: Path) -> None:
    frames = [Image.new("L", (32, 32), level) for level in (10, 200)]
    frames[0].save(path, "TIFF", save_all=True, append_images=frames[1:])


def other_format(name: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        Image.new("RGB", (32, 32), (1, 2, 3)).save(path, name)

    return write


def floats(path: Path) -> None:
    Image.fromarray(np.full((32, 32), np.nan, np.float32)).save(path, "TIFF")


def dark(path: Path) -> None:
    Image.fromarray(np.arange(1024, dtype=np.uint16).reshape(32, 32)).save(path, "PNG")


def noise() -> bytes:
    return np.random.default_rng(0).bytes(4000)


WHOLE = png(32, 32, data=b"\0" * 33 * 32)

# name -> (bytes, or what writes the file, part of the answer)
PICTURES: dict[str, tuple[bytes | Callable[[Path], None], str]] = {
    "gigapixel": (png(30_000, 30_000), "too many pixels"),
    "largest header": (png(2**31 - 1, 2**31 - 1), "too many pixels"),
    "beyond the format": (png(2**32 - 1, 2**32 - 1), ""),
    "one line of a gigapixel": (png(10**9, 1), "too many pixels"),
    "gigapixel bitmap": (bmp(60_000, 60_000), "too many pixels"),
    "negative bitmap": (bmp(-5, -5), ""),
    "gigapixel tiff": (tiff(50_000, 50_000), "too many pixels"),
    "no pixels": (png(0, 0), ""),
    "bomb in the data": (png(64, 64, data=b"\0" * 50_000_000), "is 64x64"),
    "bomb in a text": (
        png(32, 32, between=chunk(b"zTXt", b"Comment\0\0" + compress(b"x" * 90_000_000))),
        "",
    ),
    "bomb in a profile": (
        png(32, 32, between=chunk(b"iCCP", b"icc\0\0" + compress(b"x" * 90_000_000))),
        "",
    ),
    "truncated": (WHOLE[:50], ""),
    "cut in the header": (WHOLE[:20], ""),
    "empty": (b"", "is empty"),
    "noise": (noise(), "not an image of a known format"),
    "wrong sum": (WHOLE[:30] + b"\0" + WHOLE[31:], ""),
    "no data": (SIGNATURE + header(32, 32) + chunk(b"IEND", b""), ""),
    "palette without colours": (
        SIGNATURE
        + header(32, 32, colour=3)
        + chunk(b"IDAT", compress(b"\0" * 1056))
        + chunk(b"IEND", b""),
        "palette without colours",
    ),
    "palette of 16 bits": (
        SIGNATURE
        + header(32, 32, depth=16, colour=3)
        + chunk(b"IDAT", compress(b"\0" * 2080))
        + chunk(b"IEND", b""),
        "",
    ),
    "pages in a circle": (tiff(8, 8, following=72), ""),
    "animated": (animated, "several pages"),
    "several pages": (paged, "several pages"),
    "floats": (floats, "no known white"),
    "nearly black": (dark, "leaves 4 of 256 grey levels"),
    "icon": (other_format("ICO"), "not an image of a known format"),
    "postscript": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "not an image of a known format",
    ),
    "vector": (
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        "not an image of a known format",
    ),
    "page": (b"<html><script>alert(1)</script></html>", "not an image of a known format"),
    "pickle": (b"\x80\x04cposix\nsystem\n(S'id'\ntR.", "not an image of a known format"),
    "archive": (b"PK\x03\x04" + b"\0" * 60, "not an image of a known format"),
}
