"""Generated pairs: road scenes whose two modalities differ as real ones do.

Boxes (houses, cars), people and a road each have a brightness per modality drawn independently, so
that about half of the edges have opposite polarity; texture stands in the visible image only, hot
targets on dark ground in the infrared one; night scenes have large near-constant visible regions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.contract import DATASETS
from ablate.data.manifest import Manifest
from ablate.data.pairs import SPLITS, Pair, PairSet
from ablate.identity import canonical_json, derive_seed, digest
from ablate.settings.data import LARGEST_PX, DataSettings
from ablate.settings.setting import field

VERSION = 1  # of the generator; part of the manifest hash
Image = NDArray[np.float64]


def _count(split: str, default: int) -> Any:
    """Return the setting of the number of pairs of a split."""
    return field(
        "int",
        default,
        path=f"pairs.{split}",
        low=1,
        high=1_000_000,
        unit="pairs",
        meaning=f"Pairs of the split {split}.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticSettings(DataSettings):
    """Settings of `synthetic`; nothing is read from disk."""

    crop: int = field(
        "int", 64, low=8, high=LARGEST_PX, unit="px", meaning="Side of a training crop."
    )
    root: str | None = field(
        "text", None, may_be_null=True, may_be_absent=True, meaning="Not used: nothing is on disk."
    )
    pairs_train: int = _count("train", 24)
    pairs_val: int = _count("val", 8)
    pairs_test: int = _count("test", 8)
    size: Sequence[int] = field(
        "size", [96, 128], low=16, high=LARGEST_PX, unit="px", meaning="Size of the images."
    )
    seed: int = field("int", 0, low=0, meaning="Start of all randomness.")


@DATASETS.register("synthetic", settings=SyntheticSettings)
def synthetic(settings: SyntheticSettings) -> PairSet:
    """Generated pairs, the same for the same settings on every machine of one kind.

    Source:
        ours.
    """
    counts = {
        "train": settings.pairs_train,
        "val": settings.pairs_val,
        "test": settings.pairs_test,
    }
    seed = settings.seed
    height, width = settings.size
    splits = {
        split: tuple(
            f"{split}{index:03d}{'N' if index % 2 else 'D'}" for index in range(counts[split])
        )
        for split in SPLITS
    }
    generator = canonical_json({"version": VERSION, "size": [height, width], "seed": seed})
    files = {stem: digest([generator, stem]) for stems in splits.values() for stem in stems}
    return PairSet(
        splits=splits,
        read=lambda stem: scene(stem, height=height, width=width, seed=seed),
        manifest=Manifest(label="generated pairs", files=files, splits=splits),
    )


def scene(stem: str, *, height: int, width: int, seed: int) -> Pair:
    """Return one scene; a stem that ends in N is a night scene."""
    random = np.random.default_rng(derive_seed(seed, stem))
    is_night = stem.endswith("N")
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    horizon = height * random.uniform(0.3, 0.5)
    light = 0.25 if is_night else 1.0

    visible = np.where(y < horizon, 0.75 - 0.25 * y / horizon, 0.4 + 0.1 * (y - horizon) / height)
    infrared = np.where(y < horizon, random.uniform(0.05, 0.2), random.uniform(0.2, 0.4))
    infrared = infrared + 0.05 * y / height
    texture = np.where(y < horizon, 0.02, 0.05)

    vanish = width * random.uniform(0.35, 0.65)
    slope = np.maximum(y - horizon, 0) / (height - horizon)
    road = (y >= horizon) & (np.abs(x - vanish) < slope * width * 0.45 + 1)
    visible, infrared = (
        _paint(visible, road, 0.32),
        _paint(infrared, road, random.uniform(0.2, 0.5)),
    )
    texture = _paint(texture, road, 0.015)
    dashes = road & (np.abs(x - vanish) < slope * 2.5) & (np.sin(np.sqrt(slope + 1e-3) * 40) > 0)
    visible = _paint(visible, dashes, 0.85)

    for _ in range(random.integers(3, 7)):  # houses
        left, wide = random.uniform(-0.1, 1) * width, random.uniform(0.1, 0.3) * width
        top = horizon * random.uniform(0.1, 0.8)
        box = (x >= left) & (x < left + wide) & (y >= top) & (y < horizon * 1.15) & ~road
        visible = _paint(visible, box, random.uniform(0.2, 0.9))
        infrared = _paint(infrared, box, random.uniform(0.1, 0.6))
        texture = _paint(texture, box, random.uniform(0.01, 0.05))
        step = max(4.0, random.uniform(0.05, 0.09) * width)
        windows = box & ((x - left) % step > step * 0.5) & ((y - top) % step > step * 0.5)
        visible = _paint(visible, windows, random.uniform(0.1, 0.9))
        infrared = _paint(infrared, windows, random.uniform(0.1, 0.6))
    for _ in range(random.integers(1, 4)):  # trees: texture in the visible image
        middle, foot = random.uniform(0, width), horizon * random.uniform(0.9, 1.2)
        radius = height * random.uniform(0.08, 0.2)
        crown = (x - middle) ** 2 + (y - foot + radius) ** 2 < radius**2
        visible = _paint(visible, crown, random.uniform(0.15, 0.4))
        infrared = _paint(infrared, crown, random.uniform(0.15, 0.45))
        texture = _paint(texture, crown, 0.12)
    visible = visible + _smooth(random.standard_normal((height, width))) * texture * 2.5
    visible = visible * light
    if is_night:
        visible = np.maximum(visible - 0.06, 0.02)  # what is dark is nearly constant
        for _ in range(random.integers(1, 4)):  # lamps
            visible = visible + 0.7 * _spot(
                x, y, random.uniform(0, width), horizon * random.uniform(0.3, 1), height * 0.04
            )
    for _ in range(random.integers(2, 5)):  # people: hot on dark
        middle, foot = random.uniform(0.05, 0.95) * width, random.uniform(1.05, 1.9) * horizon
        tall = max(6.0, (foot - horizon * 0.8) * 0.5)
        body = ((x - middle) / (tall * 0.17)) ** 2 + ((y - foot + tall / 2) / (tall / 2)) ** 2 < 1
        infrared = _paint(infrared, body, random.uniform(0.8, 1.0))
        visible = _paint(visible, body, random.uniform(0.05, 0.6) * light)
    for _ in range(random.integers(0, 3)):  # cars: warm below
        middle, foot = random.uniform(0.1, 0.9) * width, random.uniform(1.2, 1.8) * horizon
        tall = max(6.0, (foot - horizon * 0.8) * 0.35)
        car = (np.abs(x - middle) < tall * 0.9) & (y < foot) & (y > foot - tall)
        infrared = _paint(infrared, car, random.uniform(0.3, 0.5))
        visible = _paint(visible, car, random.uniform(0.1, 0.9) * light)
        warm = car & (y > foot - tall * 0.35)
        infrared = _paint(infrared, warm, random.uniform(0.7, 0.95))

    infrared = _smooth(infrared) + 0.012 * random.standard_normal((height, width))
    noise = 0.012 if is_night else 0.008
    visible = visible + noise * random.standard_normal((height, width)) * np.sqrt(
        np.clip(visible, 0, 1) + 0.05
    )
    return Pair(stem=stem, infrared=_grey(infrared), visible=_grey(visible))


def _paint(image: Image, where: NDArray[np.bool_], value: float) -> Image:
    return np.where(where, value, image)


def _spot(x: Image, y: Image, middle: float, height: float, radius: float) -> Image:
    return np.exp(-((x - middle) ** 2 + (y - height) ** 2) / (2 * radius**2))


def _smooth(image: Image) -> Image:
    """Return the image under a 3x3 binomial window, border repeated."""
    for axis in (0, 1):
        framed = np.pad(image, [(1, 1) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        count = image.shape[axis]
        parts = [np.take(framed, range(k, k + count), axis=axis) for k in range(3)]
        image = parts[0] / 4 + parts[1] / 2 + parts[2] / 4
    return image


def _grey(image: Image) -> NDArray[np.uint8]:
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
