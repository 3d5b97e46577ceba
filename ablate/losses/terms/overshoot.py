"""How much brighter the fused image is than the infrared allows: bloom on targets, halos around."""

from dataclasses import dataclass

from torch import Tensor

from ablate.imaging.low_pass import box_blur
from ablate.losses.terms.contract import TERMS, Images
from ablate.settings.setting import field


@dataclass(frozen=True, slots=True, kw_only=True)
class OvershootSettings:
    """What is allowed."""

    margin: float = field(
        "float", 0.02, low=-1, high=1, meaning="Brightness above the infrared that costs nothing."
    )
    blur_px: int = field("int", 9, low=1, high=511, unit="px", meaning="Odd side of the box mean.")


@TERMS.register("overshoot", settings=OvershootSettings)
def overshoot(images: Images, settings: OvershootSettings) -> Tensor:
    """Return max(0, blurred fused image - blurred infrared - margin).

    With the region salient it counts bloom, with the region halo what glows around a target.

    Source:
        The bloom and halo terms of the follow-up to arXiv 2510.13067.
    """
    fused = box_blur(images.fused, settings.blur_px).clamp(0, 1)
    return (fused - box_blur(images.infrared, settings.blur_px) - settings.margin).relu()
