"""Distance of the fused image's brightness to a target that is made of the sources."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ablate.imaging.gradients import sobel
from ablate.imaging.low_pass import box_blur
from ablate.losses.penalty import PENALTIES
from ablate.losses.regions import SalientSettings, salient
from ablate.losses.shares import CHOICES, infrared_share
from ablate.losses.terms.contract import TERMS, Images
from ablate.settings.setting import field

GATED = ("softmax", "larger_contrast")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntensitySettings:
    """The target of an intensity term, and how the distance to it counts."""

    target: str = field(
        "name",
        "max",
        choices=(
            *("max", "mean", "infrared", "visible", "weighted", "sharper", "brighter_around"),
            *("salient", *GATED),
        ),
        meaning="max, mean: of the sources; infrared, visible: that source; weighted: by the share "
        "of the infrared; sharper: per pixel the source of larger Sobel magnitude; brighter_around:"
        " the source of larger mean around it; salient: the infrared where it stands out of its "
        "surroundings, else the visible; softmax: mixed by brightness; larger_contrast: mixed by "
        "absolute values.",
    )
    share: str = field(
        "name",
        "fixed",
        choices=CHOICES,
        only_with={"target": ("weighted",)},
        meaning="The share of the infrared: infrared_share, or its part in the mean Sobel "
        "magnitudes or the entropies of both sources.",
    )
    infrared_share: float = field(
        "float",
        0.5,
        low=0,
        high=1,
        only_with={"target": ("weighted",), "share": ("fixed",)},
        meaning="Share of the infrared in the target.",
    )
    around_px: int = field(
        "int",
        11,
        low=1,
        high=511,
        unit="px",
        only_with={"target": ("brighter_around",)},
        meaning="Odd side of what brighter_around looks at.",
    )
    slope: float = field(
        "float",
        15.0,
        above=0,
        unit="per unit of brightness",
        only_with={"target": GATED},
        meaning="Slope of the sigmoid by which softmax and larger_contrast mix the sources.",
    )
    band: str = field(
        "name",
        "all",
        choices=("all", "low", "high"),
        meaning="What of all images is compared: low: their box means; high: what those leave.",
    )
    band_px: int = field(
        "int",
        9,
        low=1,
        high=511,
        unit="px",
        only_with={"band": ("low", "high")},
        meaning="Odd side of the box.",
    )
    penalty: str = field(
        "name", "l1", kind="losses.penalty", meaning="How a difference of brightness counts."
    )
    knee: float = field(
        "float",
        0.1,
        above=0,
        only_with={"penalty": ("charbonnier", "huber")},
        meaning="Where the penalty turns from quadratic to linear.",
    )


@TERMS.register("intensity", settings=IntensitySettings)
def intensity(images: Images, settings: IntensitySettings) -> Tensor:
    """Return the penalised difference to the target, (batch, 1, height, width)."""
    infrared, visible, fused = (
        _band(image, settings) for image in (images.infrared, images.visible, images.fused)
    )
    penalty = PENALTIES.get(settings.penalty, where="loss.terms")
    more: dict[str, Any] = (
        {"knee": settings.knee} if PENALTIES.settings_class(settings.penalty) else {}
    )
    return penalty(fused - TARGETS[settings.target](infrared, visible, settings), **more)


def _band(image: Tensor, settings: IntensitySettings) -> Tensor:
    if settings.band == "all":
        return image
    low = box_blur(image, settings.band_px)
    return low if settings.band == "low" else image - low


def _weighted(infrared: Tensor, visible: Tensor, settings: IntensitySettings) -> Tensor:
    share = infrared_share(infrared, visible, by=settings.share, fixed=settings.infrared_share)
    return share * infrared + (1 - share) * visible


def _sharper(infrared: Tensor, visible: Tensor, settings: IntensitySettings) -> Tensor:
    del settings
    of_infrared, of_visible = (
        abs(x) + abs(y) for x, y in (sobel(image) for image in (infrared, visible))
    )
    return torch.where(of_infrared > of_visible, infrared, visible)


def _brighter_around(infrared: Tensor, visible: Tensor, settings: IntensitySettings) -> Tensor:
    hot, lit = (box_blur(image, settings.around_px) for image in (infrared, visible))
    return torch.where(hot > lit, infrared, visible)


def _salient(infrared: Tensor, visible: Tensor, settings: IntensitySettings) -> Tensor:
    del settings
    mask = salient(infrared, visible, settings=SalientSettings())
    return mask * infrared + (1 - mask) * visible


def _gated(infrared: Tensor, visible: Tensor, settings: IntensitySettings) -> Tensor:
    difference = infrared - visible
    if settings.target == "larger_contrast":
        difference = infrared.abs() - visible.abs()
    share = torch.sigmoid(settings.slope * difference)
    return share * infrared + (1 - share) * visible


TARGETS: dict[str, Callable[[Tensor, Tensor, IntensitySettings], Tensor]] = {
    "max": lambda infrared, visible, _: torch.maximum(infrared, visible),
    "mean": lambda infrared, visible, _: (infrared + visible) / 2,
    "infrared": lambda infrared, visible, _: infrared,
    "visible": lambda infrared, visible, _: visible,
    "weighted": _weighted,
    "sharper": _sharper,
    "brighter_around": _brighter_around,
    "salient": _salient,
    "softmax": _gated,
    "larger_contrast": _gated,
}
