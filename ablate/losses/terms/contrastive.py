"""Contrast: near the source that a place belongs to, far from the other one."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.losses.regions import SalientSettings, salient
from ablate.losses.terms.contract import TERMS, Images
from ablate.settings.setting import field


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastiveSettings:
    """How far is far enough."""

    farthest: float = field(
        "float",
        1.0,
        above=0,
        high=1,
        meaning="Distance to the other source beyond which nothing is won.",
    )
    added: float = field("float", 0.01, above=0, high=1, meaning="Added to the denominator.")


@TERMS.register("contrastive", settings=ContrastiveSettings)
def contrastive(images: Images, settings: ContrastiveSettings) -> Tensor:
    """Return |F - own source| / (|F - other source| + added) at each pixel.

    The own source is the infrared where it is salient and the visible elsewhere.

    Source:
        The ratio of distances of CoCoNet (Liu et al., IJCV 2024), here of pixels.
    """
    mask = salient(images.infrared, images.visible, settings=SalientSettings())
    to_infrared, to_visible = (
        (images.fused - images.infrared).abs(),
        (images.fused - images.visible).abs(),
    )
    own = torch.lerp(to_visible, to_infrared, mask)
    other = torch.lerp(to_infrared, to_visible, mask).clamp_max(settings.farthest)
    return own / (other + settings.added)
