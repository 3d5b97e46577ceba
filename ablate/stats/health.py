"""Whether a training ended in something that fuses: rules and thresholds, all of them here.

Metrics alone do not tell: Qabf does not see polarity, EN and SD do not see that an image is a
negative or has two flat levels, and a copy of a source scores well in most of them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

State = Literal[
    "healthy",
    "constant",
    "half_constant",
    "saturated",
    "negative",
    "part_negative",
    "copy",
    "untrained",
    "not_finite",
]
STATES: Final[tuple[State, ...]] = get_args(State)
IN_WORDS: Final[Mapping[State, str]] = {
    "healthy": "healthy",
    "constant": "constant images",
    "half_constant": "images of two flat levels",
    "saturated": "saturated images",
    "negative": "photographic negatives",
    "part_negative": "images that are negatives in part",
    "copy": "copies of one source",
    "untrained": "the mean of the sources, nothing learned",
    "not_finite": "not finite",
}

CONSTANT_SD: Final = 2.0  # grey levels: below, constant to the eye
CONSTANT_EN: Final = 0.1  # bits, where only the entropy is known
TWO_LEVELS: Final = 0.9  # share of the pixels near the two commonest grey levels
TWO_LEVELS_EN: Final = 1.5  # bits: below, and not constant, a few flat levels
NEAR: Final = 2  # grey levels around a commonest one that belong to it
SATURATED: Final = 0.5  # share of pixels at 0 or 255 beyond that of either source
COPY: Final = 1.0  # mean absolute grey levels from a source: below, a copy of it
COPIES: Final = 0.99  # correlation with a source: above, and near to it, all but a copy of it
COPY_SHARE: Final = 0.15  # nearer to a source than this share of what the sources differ by
REVERSED: Final = 0.12  # share of the edges that no source has so: above, a negative in part
MOST_REVERSED: Final = 0.4  # above, a negative
UNTRAINED: Final = 0.02  # mean grey levels from the mean of the sources, rounding left out
STRIDE: Final = 2  # every second pixel of every second row is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What fused images look like beside their sources, each number the mean over images.

    Args:
        sd: Standard deviation of the fused image, grey levels.
        two_levels: Share of pixels within `NEAR` of its two commonest grey levels, beyond that of
            the source with more of them.
        saturated: Share of pixels at 0 or 255 beyond that of the source with more of them.
        correlation_infrared: Of the pixels of the fused image with those of the infrared, -1 to 1.
        correlation_visible: With those of the visible.
        scd: Sum of the correlations of differences, -2 to 2.
        reversed: Share of the edges that run against both sources, 0 to 1: a person who is bright
            in the infrared, and black in the fused image. Each pixel a convex mix of the sources,
            copies among them, has 0; negatives of the mean of real pairs have .75 to .9.
        difference_infrared: Mean absolute difference to the infrared, grey levels.
        difference_visible: To the visible.
        difference_sources: Of the two sources.
        difference_mean: To the mean of the sources, beyond half a grey level of rounding. A
            network whose output is that mean plus a map, and whose layers are dead, has 0.
        images: Number of images.
    """

    sd: float
    two_levels: float
    saturated: float
    correlation_infrared: float
    correlation_visible: float
    scd: float
    reversed: float
    difference_infrared: float
    difference_visible: float
    difference_sources: float
    difference_mean: float
    images: int

    @property
    def state(self) -> State:
        """Return the first rule that applies; comparisons with NaN do not."""
        if self.sd < CONSTANT_SD:
            return "constant"
        if self.saturated > SATURATED:
            return "saturated"
        if self.two_levels > TWO_LEVELS:
            return "half_constant"
        is_against_both = self.correlation_infrared < 0 and self.correlation_visible < 0
        if self.difference_sources > COPY and self._is_copy():
            return "copy"
        if self.difference_mean < UNTRAINED and self.difference_sources > COPY:
            return "untrained"
        if is_against_both or self.scd < 0 or self.reversed > MOST_REVERSED:
            return "negative"
        return "part_negative" if self.reversed > REVERSED else "healthy"

    def _is_copy(self) -> bool:
        """Return whether one source alone is what the images show."""
        each = (
            (self.difference_infrared, self.correlation_infrared),
            (self.difference_visible, self.correlation_visible),
        )
        near = COPY_SHARE * self.difference_sources
        return any(far < COPY or (far < near and alike > COPIES) for far, alike in each)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types with the state; NaN is left out."""
        numbers = {
            name: round(value, 5) if isinstance(value, float) else value
            for name, value in asdict(self).items()
            if not (isinstance(value, float) and math.isnan(value))
        }
        return {"state": self.state, **numbers}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote; a number that is left out is NaN."""
        return cls(**{one.name: values.get(one.name, math.nan) for one in fields(cls)})


def words(state: str) -> str:
    """Return an unhealthy state in words, "" for a healthy or an unknown one."""
    found = {str(name): text for name, text in IN_WORDS.items()}
    return "" if state == "healthy" else found.get(state, "")


def examine(
    triples: Iterable[tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]],
) -> Health:
    """Return the health of fused images.

    Args:
        triples: Of infrared, visible and fused images, (height, width), 0 to 255.

    Raises:
        ValueError: There are no images.
    """
    found = [_of_one(*triple) for triple in triples]
    if not found:
        raise ValueError("no image to examine")
    names = [one.name for one in fields(Health) if one.name != "images"]
    return Health(
        images=len(found), **{name: _mean([numbers[name] for numbers in found]) for name in names}
    )


def state_of_metrics(values: Mapping[str, float]) -> State:
    """Return the state as far as mean metrics of a recorded run tell it: the last resort.

    Args:
        values: Mean "en", "sd" and "scd" of a split, as far as they were computed.
    """
    en, sd, scd = (values.get(name, math.nan) for name in ("en", "sd", "scd"))
    if sd < CONSTANT_SD or en < CONSTANT_EN:
        return "constant"
    if en < TWO_LEVELS_EN:
        return "half_constant"
    return "negative" if scd < 0 else "healthy"


def recorded_state(*, looked_at: str, reason: str, metrics: Mapping[str, float]) -> State | None:
    """Return the state of a run that has ended, None where nothing tells it.

    Args:
        looked_at: The state that the run recorded itself; "" in stores of earlier versions.
        reason: Why it failed, "" where it did not.
        metrics: Means by "val/en", "test/sd" and so on: val counts, without it test.
    """
    if looked_at in STATES:
        return looked_at
    if reason.startswith("diverged"):
        return "not_finite"
    for split in ("val", "test"):
        known = {name: metrics.get(f"{split}/{name}", math.nan) for name in ("en", "sd", "scd")}
        if not all(math.isnan(value) for value in known.values()):
            return state_of_metrics(known)
    return None


def _of_one(
    infrared: NDArray[np.uint8], visible: NDArray[np.uint8], fused: NDArray[np.uint8]
) -> dict[str, float]:
    """Return the numbers of one image by name."""
    seen = [image[::STRIDE, ::STRIDE] for image in (infrared, visible, fused)]
    hot, lit, out = (image.ravel() for image in seen)
    two = [_two_levels(plane) for plane in (hot, lit, out)]
    ends = [float(((plane == 0) | (plane == 255)).mean()) for plane in (hot, lit, out)]
    planes = [image.astype(np.float32) for image in seen]
    i, v, f = (plane.ravel() for plane in planes)
    return {
        "sd": float(f.std()),
        "two_levels": two[2] if two[2] > max(two[:2]) else 0.0,
        "saturated": ends[2] - max(ends[:2]),
        "correlation_infrared": _correlation(f, i),
        "correlation_visible": _correlation(f, v),
        "scd": _correlation(i, f - v) + _correlation(v, f - i),
        "reversed": _reversed(*planes),
        "difference_infrared": float(np.abs(f - i).mean()),
        "difference_visible": float(np.abs(f - v).mean()),
        "difference_sources": float(np.abs(i - v).mean()),
        "difference_mean": float(np.maximum(np.abs(f - (i + v) / 2) - 0.5, 0).mean()),
    }


def _two_levels(plane: NDArray[np.uint8]) -> float:
    """Return the share of the pixels near the two commonest grey levels that lie apart."""
    counts = np.bincount(plane, minlength=256).astype(np.float64)
    near = np.convolve(counts, np.ones(2 * NEAR + 1), mode="same")
    first = int(near.argmax())
    apart = near.copy()
    apart[max(0, first - 2 * NEAR) : first + 2 * NEAR + 1] = 0
    return float((near[first] + apart.max()) / plane.size)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the correlation of two images; NaN where one is constant."""
    one, other = one - one.mean(), other - other.mean()
    size = math.sqrt(float(one @ one) * float(other @ other))
    return float(one @ other) / size if size > 0 else math.nan


def _reversed(
    infrared: NDArray[np.float32], visible: NDArray[np.float32], fused: NDArray[np.float32]
) -> float:
    """Return the share of the edges of a fused image that run against both sources.

    Along each axis a step of the fused image counts up to the larger step of the sources. It runs
    against them as far as the opposite step of a source exceeds any step in its own direction.
    """
    against = strength = 0.0
    for axis in (0, 1):
        steps = [np.diff(image, axis=axis) for image in (infrared, visible)]
        own = np.diff(fused, axis=axis)
        direction, size = np.sign(own), np.abs(own)
        along = np.maximum(0, np.maximum(*(direction * step for step in steps)))
        opposite = np.maximum(0, np.maximum(*(-direction * step for step in steps)))
        against += float(np.maximum(0, np.minimum(size, opposite) - along).sum())
        strength += float(np.minimum(size, np.maximum(along, opposite)).sum())
    return against / strength if strength > 0 else math.nan


def _mean(values: Sequence[float]) -> float:
    """Return the mean of the values that are numbers; NaN where none is."""
    numbers = [value for value in values if not math.isnan(value)]
    return math.fsum(numbers) / len(numbers) if numbers else math.nan
