"""How many parameters the packaged networks have, and their originals; counted without torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The network of a publication, in the settings of the one here that follows it."""

    settings: Mapping[str, Any]  # with which the layers are those of the original
    parameters: int  # of the original's own code; two sources in and one image out


ORIGINALS: Final[Mapping[str, Original]] = {
    "cddfuse": Original(
        settings={"width": 64, "blocks": 4, "heads": 8, "couplings": 3, "form": "published"},
        parameters=1_188_272,
    ),
    "densefuse": Original(settings={"width": 16, "features": "averaged"}, parameters=74_193),
    "restormer": Original(
        settings={
            "width": 48,
            "depth": 3,
            "blocks": [4, 6, 6, 8],
            "refine": 4,
            "heads": [1, 2, 4, 8],
        },
        parameters=26_124_484,
    ),
    "seafusion": Original(  # with 226 of batch norms that it never calls
        settings={"width": 16, "sobel": "trained"}, parameters=166_883
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Parameters of a network, and the original that it follows, where it follows one."""

    name: str
    parameters: int
    original: Original | None = None

    def in_words(self) -> str:
        """Return one line.

        Example:
            >>> size_of({"name": "densefuse", "width": 8}).in_words()
            'network densefuse: 18,705 parameters, 25 % of the 74,193 of the original'
        """
        line = f"network {self.name}: {self.parameters:,} parameters"
        if self.original is None:
            return line
        share = 100 * self.parameters / self.original.parameters
        percent = f"{share:.2g}" if share < 99.5 else f"{share:.0f}"
        return f"{line}, {percent} % of the {self.original.parameters:,} of the original"


def size_of(settings: Mapping[str, Any]) -> Size | None:
    """Return the size of the network of a section `model`; None for one that is not packaged."""
    name = settings["name"]
    if name not in _COUNTS:
        return None
    return Size(name=name, parameters=_COUNTS[name](settings), original=ORIGINALS.get(name))


def _conv(inputs: int, outputs: int, side: int = 3, *, has_bias: bool = True) -> int:
    return side**2 * inputs * outputs + has_bias * outputs


def _densefuse(of: Mapping[str, Any]) -> int:
    width: int = of["width"]
    encoder = _conv(1, width) + sum(_conv(k * width, width) for k in (1, 2, 3))
    decoder = ((4, 4), (4, 2), (2, 1))
    return encoder + sum(_conv(a * width, b * width) for a, b in decoder) + _conv(width, 1)


def _seafusion(of: Mapping[str, Any]) -> int:
    width: int = of["width"]

    def block(inputs: int, outputs: int) -> int:
        dense = _conv(inputs, inputs) + _conv(2 * inputs, inputs) + _conv(3 * inputs, outputs, 1)
        kernels = 18 * inputs if of.get("sobel") == "trained" else 0
        return dense + _conv(inputs, outputs, 1) + kernels

    encoder = _conv(1, width) + block(width, 2 * width) + block(2 * width, 3 * width)
    decoder = ((6, 4), (4, 2), (2, 1))
    return 2 * encoder + sum(_conv(a * width, b * width) for a, b in decoder) + _conv(width, 1)


def _unet(of: Mapping[str, Any]) -> int:
    def twice(inputs: int, outputs: int) -> int:
        return _conv(inputs, outputs) + _conv(outputs, outputs)

    width: int = of["width"]
    channels = [width << level for level in range(of["depth"] + 1)]
    encoder = sum(twice(a, b) for a, b in zip([2, *channels], channels, strict=False))
    decoder = sum(_conv(2 * fine, 4 * fine, 1) + twice(2 * fine, fine) for fine in channels[:-1])
    return encoder + decoder + _conv(width, 1, 1)


def _block(channels: int, heads: int, expansion: float, *, is_full: bool = False) -> int:
    """Return the parameters of `ablate.models.transformer.TransformerBlock`."""
    hidden, three = int(channels * expansion), 3 * channels
    mixed = 9 * three * (three if is_full else 1)
    gated = 9 * 2 * hidden * (2 if is_full else 1)
    attention = heads + channels * three + mixed + channels**2
    return 4 * channels + attention + channels * 2 * hidden + gated + hidden * channels


def _restormer(of: Mapping[str, Any]) -> int:
    width: int = of["width"]
    depth: int = of["depth"]
    blocks, heads = of["blocks"], of["heads"]
    if isinstance(blocks, int):
        blocks = [blocks] * (depth + 1)
    if isinstance(heads, int):
        heads = [heads << level for level in range(depth + 1)]
    channels = [width << level for level in range(depth + 1)]

    def stage(count: int, level: int) -> int:
        repeated: int = blocks[level]
        return repeated * _block(count, heads[level], 2.66)

    found = 9 * 2 * width + 9 * 2 * width + stage(channels[-1], depth)  # first, last, bottom
    for level, count in enumerate(channels[:-1]):
        found += stage(count, level) + 9 * count * count // 2  # encoder, down
        found += 9 * 2 * count * 4 * count  # up
        found += stage(count, level) + 2 * count**2 if level else stage(2 * width, 0)  # decoder
    refine: int = of.get("refine") or blocks[0]
    return found + refine * _block(2 * width, heads[0], 2.66)


def _cddfuse(of: Mapping[str, Any]) -> int:
    width: int = of["width"]
    half = width // 2
    base = _block(width, of["heads"], 1.0, is_full=of.get("form") == "published")
    coupling = _conv(width, width, 1) + 3 * (2 * half * half * 2 + 9 * 2 * half)
    blocks: int = of["blocks"]
    couplings: int = of["couplings"]
    shared = 2 * blocks * _block(width, of["heads"], 2.0)
    ends = 9 * width + 2 * width**2 + 9 * width * half + 9 * half
    return 2 * base + (couplings + 1) * coupling + shared + ends


_COUNTS: Final = {
    "cddfuse": _cddfuse,
    "densefuse": _densefuse,
    "restormer": _restormer,
    "seafusion": _seafusion,
    "unet": _unet,
}
