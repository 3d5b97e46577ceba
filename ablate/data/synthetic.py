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
    light = 0.25 if is_night else 1.0
    one = _Scene(random, height=height, width=width)
    one.add_road()
    for _ in range(random.integers(3, 7)):
        one.add_house()
    for _ in range(random.integers(1, 4)):
        one.add_tree()
    one.add_texture()
    one.visible = one.visible * light
    if is_night:
        one.visible = np.maximum(one.visible - 0.06, 0.02)  # what is dark is nearly constant
        for _ in range(random.integers(1, 4)):
            one.add_lamp()
    for _ in range(random.integers(2, 5)):
        one.add_person(light)
    for _ in range(random.integers(0, 3)):
        one.add_car(light)
    return one.photographed(stem, noise=0.012 if is_night else 0.008)


class _Scene:
    """A scene as it is painted: sky and ground first, then one thing after the other.

    Args:
        random: Every brightness and place is drawn from it, in the order of the calls.
        height: In pixels.
        width: In pixels.
    """

    def __init__(self, random: np.random.Generator, *, height: int, width: int) -> None:
        self.random, self.height, self.width = random, height, width
        self.y, self.x = np.mgrid[0:height, 0:width].astype(np.float64)
        self.horizon = height * random.uniform(0.3, 0.5)
        self.is_sky = self.y < self.horizon
        ground = 0.4 + 0.1 * (self.y - self.horizon) / height
        self.visible = np.where(self.is_sky, 0.75 - 0.25 * self.y / self.horizon, ground)
        sky_ir, ground_ir = random.uniform(0.05, 0.2), random.uniform(0.2, 0.4)
        self.infrared = np.where(self.is_sky, sky_ir, ground_ir) + 0.05 * self.y / height
        self.texture = np.where(self.is_sky, 0.02, 0.05)
        self.road = np.zeros_like(self.is_sky)

    def paint(
        self,
        where: NDArray[np.bool_],
        *,
        visible: float,
        infrared: float | None = None,
        texture: float | None = None,
    ) -> None:
        """Give an area one brightness per modality, and a strength of texture."""
        self.visible = np.where(where, visible, self.visible)
        if infrared is not None:
            self.infrared = np.where(where, infrared, self.infrared)
        if texture is not None:
            self.texture = np.where(where, texture, self.texture)

    def add_road(self) -> None:
        """A road to a vanishing point, with dashes in the visible image."""
        vanish = self.width * self.random.uniform(0.35, 0.65)
        slope = np.maximum(self.y - self.horizon, 0) / (self.height - self.horizon)
        aside = np.abs(self.x - vanish)
        self.road = (self.y >= self.horizon) & (aside < slope * self.width * 0.45 + 1)
        warmth = self.random.uniform(0.2, 0.5)
        self.paint(self.road, visible=0.32, infrared=warmth, texture=0.015)
        dashes = self.road & (aside < slope * 2.5) & (np.sin(np.sqrt(slope + 1e-3) * 40) > 0)
        self.paint(dashes, visible=0.85)

    def add_house(self) -> None:
        """A box with windows, behind the road."""
        draw, x, y = self.random.uniform, self.x, self.y
        left, wide = draw(-0.1, 1) * self.width, draw(0.1, 0.3) * self.width
        top = self.horizon * draw(0.1, 0.8)
        inside = (x >= left) & (x < left + wide) & (y >= top) & (y < self.horizon * 1.15)
        box = inside & ~self.road
        self.paint(box, visible=draw(0.2, 0.9), infrared=draw(0.1, 0.6), texture=draw(0.01, 0.05))
        step = max(4.0, draw(0.05, 0.09) * self.width)
        windows = box & ((x - left) % step > step * 0.5) & ((y - top) % step > step * 0.5)
        self.paint(windows, visible=draw(0.1, 0.9), infrared=draw(0.1, 0.6))

    def add_tree(self) -> None:
        """A crown with texture in the visible image."""
        draw = self.random.uniform
        middle, foot = draw(0, self.width), self.horizon * draw(0.9, 1.2)
        radius = self.height * draw(0.08, 0.2)
        crown = (self.x - middle) ** 2 + (self.y - foot + radius) ** 2 < radius**2
        self.paint(crown, visible=draw(0.15, 0.4), infrared=draw(0.15, 0.45), texture=0.12)

    def add_texture(self) -> None:
        """Smooth noise in the visible image, as strong as what was painted says."""
        noise = _smooth(self.random.standard_normal((self.height, self.width)))
        self.visible = self.visible + noise * self.texture * 2.5

    def add_lamp(self) -> None:
        """A spot of light in the visible image."""
        draw = self.random.uniform
        middle, at = draw(0, self.width), self.horizon * draw(0.3, 1)
        self.visible = self.visible + 0.7 * _spot(self.x, self.y, middle, at, self.height * 0.04)

    def add_person(self, light: float) -> None:
        """An upright ellipse, hot on dark."""
        draw = self.random.uniform
        middle, foot = draw(0.05, 0.95) * self.width, draw(1.05, 1.9) * self.horizon
        tall = max(6.0, (foot - self.horizon * 0.8) * 0.5)
        aside, above = (self.x - middle) / (tall * 0.17), (self.y - foot + tall / 2) / (tall / 2)
        warmth = draw(0.8, 1.0)
        self.paint(aside**2 + above**2 < 1, visible=draw(0.05, 0.6) * light, infrared=warmth)

    def add_car(self, light: float) -> None:
        """A box that is warm below."""
        draw = self.random.uniform
        middle, foot = draw(0.1, 0.9) * self.width, draw(1.2, 1.8) * self.horizon
        tall = max(6.0, (foot - self.horizon * 0.8) * 0.35)
        car = (np.abs(self.x - middle) < tall * 0.9) & (self.y < foot) & (self.y > foot - tall)
        warmth = draw(0.3, 0.5)
        self.paint(car, visible=draw(0.1, 0.9) * light, infrared=warmth)
        warm = car & (self.y > foot - tall * 0.35)
        self.infrared = np.where(warm, draw(0.7, 0.95), self.infrared)

    def photographed(self, stem: str, *, noise: float) -> Pair:
        """The images of both cameras; noise of the visible one grows with the light."""
        shape = (self.height, self.width)
        infrared = _smooth(self.infrared) + 0.012 * self.random.standard_normal(shape)
        shot = noise * self.random.standard_normal(shape)
        visible = self.visible + shot * np.sqrt(np.clip(self.visible, 0, 1) + 0.05)
        return Pair(stem=stem, infrared=_grey(infrared), visible=_grey(visible))


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
