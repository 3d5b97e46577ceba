"""Where a term counts: maps in [0, 1] that are made of the sources alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.imaging.low_pass import box_blur
from ablate.registry import Registry
from ablate.settings.setting import field, settings_of

Region = Callable[..., Tensor]
REGIONS: Registry[Region] = Registry("region")


@dataclass(frozen=True, slots=True, kw_only=True)
class SalientSettings:
    """What regions have that ask where the infrared stands out of its surroundings."""

    region_px: int | Sequence[int] = field(
        "counts",
        [15, 31],
        low=3,
        high=511,
        unit="px",
        meaning="Odd sides of the surroundings; of several the largest contrast counts.",
    )
    region_threshold: float = field(
        "float",
        0.5,
        low=-10,
        high=10,
        unit="standard deviations",
        meaning="Contrast above its mean at which a pixel is half in the region.",
    )
    region_slope: float = field(
        "float", 20.0, above=0, unit="per unit of brightness", meaning="Steepness of the edge."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RingSettings(SalientSettings):
    """What regions have that know the ring around bright targets of the infrared."""

    ring_px: int = field("int", 3, low=3, high=511, unit="px", meaning="Odd side of the dilation.")
    ring_threshold: float = field(
        "float",
        1.5,
        low=-10,
        high=10,
        unit="standard deviations",
        meaning="Contrast above its mean that a target has.",
    )
    ring_brightness: float = field(
        "float", 0.4, low=0, high=1, meaning="Least brightness of a target in the infrared."
    )
    ring_blur_px: int = field(
        "int", 9, low=1, high=511, unit="px", meaning="Odd side of the blur of what is compared."
    )
    ring_margin: float = field(
        "float",
        0.5,
        low=-1,
        high=1,
        meaning="By how much the visible is brighter where the ring counts half.",
    )
    ring_slope: float = field(
        "float", 15.0, above=0, unit="per unit of brightness", meaning="Steepness of that."
    )


@REGIONS.register("whole")
def whole(infrared: Tensor, visible: Tensor) -> Tensor:
    """Return ones."""
    del visible
    return torch.ones_like(infrared)


@REGIONS.register("salient", settings=SalientSettings)
def salient(infrared: Tensor, visible: Tensor, *, settings: SalientSettings) -> Tensor:
    """Return where the infrared is brighter than its surroundings, with a soft edge.

    Source:
        The saliency by local contrast of the follow-up to arXiv 2510.13067.
    """
    del visible
    contrast, threshold = _contrast(infrared, settings.region_px, settings.region_threshold)
    return torch.sigmoid(settings.region_slope * (contrast - threshold))


@REGIONS.register("outside_salient", settings=SalientSettings)
def outside_salient(infrared: Tensor, visible: Tensor, *, settings: SalientSettings) -> Tensor:
    """Return 1 minus the region salient."""
    return 1 - salient(infrared, visible, settings=settings)


@REGIONS.register("halo", settings=RingSettings)
def halo(infrared: Tensor, visible: Tensor, *, settings: RingSettings) -> Tensor:
    """Return the ring around targets, where the visible is brighter than the infrared."""
    contrast, threshold = _contrast(infrared, settings.region_px, settings.ring_threshold)
    is_target = (contrast > threshold) & (infrared > settings.ring_brightness)
    target = is_target.to(infrared.dtype)
    wide: Tensor = F.max_pool2d(target, settings.ring_px, stride=1, padding=settings.ring_px // 2)
    lit, hot = (box_blur(image, settings.ring_blur_px) for image in (visible, infrared))
    lit_more: Tensor = lit - hot - settings.ring_margin
    return (wide - target) * torch.sigmoid(settings.ring_slope * lit_more)


@REGIONS.register("background", settings=RingSettings)
def background(infrared: Tensor, visible: Tensor, *, settings: RingSettings) -> Tensor:
    """Return what is neither salient nor halo."""
    outside = outside_salient(infrared, visible, settings=settings)
    return outside * (1 - halo(infrared, visible, settings=settings))


def region_of(name: str, section: Mapping[str, Any]) -> Region:
    """Return the function of two sources that makes the region of a term."""
    settings_class = REGIONS.settings_class(name)
    make = REGIONS.get(name, where="loss.terms")
    if settings_class is None:
        return make
    known = settings_of(settings_class)
    settings = settings_class(**{k: v for k, v in section.items() if k in known})
    return lambda infrared, visible: make(infrared, visible, settings=settings)


def over_region(cost: Tensor, region: Tensor, *, mean: str) -> Tensor:
    """Return the mean of cost times region, over the whole image or over the region's size.

    Args:
        cost: (batch, 1, height, width).
        region: (batch, 1, height, width) of the images; it is resized to the cost.
        mean: "whole" or "inside"; a region smaller than one pixel counts as one.
    """
    if region.shape[-2:] != cost.shape[-2:]:
        region = F.interpolate(region, cost.shape[-2:], mode="bilinear", align_corners=False)
    kept = cost * region
    return kept.mean() if mean == "whole" else kept.sum() / region.sum().clamp_min(1)


def _contrast(infrared: Tensor, sides: Any, threshold: float) -> tuple[Tensor, Tensor]:
    """Return the contrast to the surroundings, and the threshold of each image."""
    several = sides if isinstance(sides, list | tuple) else [sides]
    of_sides = [infrared - box_blur(infrared, side) for side in several]
    contrast = torch.stack(of_sides).amax(0)
    mean = contrast.mean(dim=(2, 3), keepdim=True)
    return contrast, mean + threshold * (contrast.std(dim=(2, 3), keepdim=True) + 1e-6)
