"""What the head of a column says: a metric, and which side it calls better."""

import re
from dataclasses import dataclass
from typing import Final

from ablate.metrics.catalogue import BETTER, LABELS, Direction

_ARROWS: Final = {"↑": "higher", "⬆": "higher", "↓": "lower", "⬇": "lower"}
_PLUS = re.compile(r"\s*\((?:\+|-)\)\s*$")
ALIASES: Final = {
    "entropy": "en", "mutualinformation": "mi", "q_abf": "qabf", "qab/f": "qabf", "qabf": "qabf",
    "standarddeviation": "sd", "std": "sd", "spatialfrequency": "sf", "averagegradient": "ag",
    "n_abf": "nabf", "nab/f": "nabf", "msssim": "ms_ssim", "ms-ssim": "ms_ssim", "cor": "cc",
    "qg": "qabf",
}  # fmt: skip
FURTHER: Final[dict[str, Direction]] = {  # of others, known by their direction alone
    "viff": "higher", "fmi": "higher", "fmi_w": "higher", "fmi_dct": "higher", "dists": "lower",
    "lpips": "lower", "fid": "lower", "niqe": "lower", "brisque": "lower", "map": "higher",
    "miou": "higher", "mef-ssim": "higher", "qs": "higher", "clip-iqa": "higher", "musiq": "higher",
    "map50": "higher", "map@0.5": "higher", "map@.5": "higher",
    "fmi_pixel": "higher", "macc": "higher", "mae": "lower", "map50-95": "higher",
    "map@0.5:0.95": "higher", "qp": "higher",
}  # fmt: skip
# the widest range in use: some sum over both sources what others average
RANGES: Final[dict[str, tuple[float, float]]] = {
    "en": (0, 8), "mi": (0, 16), "sd": (0, 127.5), "sf": (0, 361), "ag": (0, 361), "scd": (-2, 2),
    "cc": (-2, 2), "vif": (0, 10), "qabf": (0, 1), "ssim": (-2, 2), "ms_ssim": (-2, 2),
    "psnr": (0, 120), "mse": (0, 65025), "rmse": (0, 255), "nabf": (0, 1), "ce": (0, 100),
    "ei": (0, 2000), "qcb": (0, 1), "qcv": (0, 65025), "nmi": (0, 2), "ncie": (0, 1),
    "q0": (-1, 1), "qw": (-1, 1), "qe": (-1, 1), "qy": (0, 1), "viff": (0, 10), "fmi": (0, 2),
    "fmi_pixel": (0, 2), "fmi_w": (0, 2), "fmi_dct": (0, 2), "lpips": (0, 2), "niqe": (0, 100),
}  # fmt: skip
SHARES: Final = {name for name, (_, high) in RANGES.items() if high <= 2}  # may be in percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head of a column of scores.

    Args:
        metric: Its name; of a metric that is not packaged, as FURTHER has it.
        label: As it is printed.
        group: What stands above it, such as the data set.
        better: Which side is better, by the metric.
        said: By its arrow; None without one.
        line: Of the file.
        column: Of the line.
    """

    metric: str
    label: str
    group: str
    better: Direction
    said: Direction | None = None
    line: int = 1
    column: int = 1

    @property
    def name(self) -> str:
        """The metric, with what stands above it."""
        return f"{self.group} {self.label}".strip()


def head_of(text: str, *, group: str = "") -> Head | None:
    """Return what a head says; None where it names no known metric.

    Example:
        >>> head_of("Q^{AB/F} ↑").metric, head_of("Qabf ↓").said, head_of("Params (M)")
        ('qabf', 'lower', None)
    """
    arrows = [side for letter, side in _ARROWS.items() if letter in text]
    signs = _PLUS.search(text)
    if signs and not arrows:
        arrows = ["higher" if "+" in signs[0] else "lower"]
    said: Direction | None = None
    if arrows:
        said = "higher" if arrows[0] == "higher" else "lower"
    label = " ".join("".join(" " if one in _ARROWS else one for one in text).split())
    name = _named(_PLUS.sub("", label))
    if name is None:  # "MSRS VIF": the data set before the metric
        before, _, last = _PLUS.sub("", label).rpartition(" ")
        name = _named(last) if before else None
        group, label = f"{group} {before}".strip(), last
    if name is None:
        return None
    better = {**FURTHER, **BETTER}[name]
    return Head(metric=name, label=label, group=group, better=better, said=said)


def _named(text: str) -> str | None:
    """Return the metric that a text is the name of."""
    bare = re.sub(r"[\s${}^*†‡]|\(%\)|\(dB\)|" + "|".join(_ARROWS), "", text).lower()
    bare = bare.replace("\\", "")
    for one in (bare, bare.replace("_", ""), bare.replace("_", "").replace("/", "")):
        if one in ALIASES:
            return ALIASES[one]
        if one in LABELS or one in FURTHER:
            return one
    return None
