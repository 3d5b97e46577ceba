"""Distance of local spatial frequency: squared differences of neighbours, summed around a pixel."""

from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.imaging.low_pass import box_blur
from ablate.losses.terms.contract import TERMS, Images
from ablate.settings.setting import field


@dataclass(frozen=True, slots=True, kw_only=True)
class SpatialFrequencySettings:
    """To which source, and over which surroundings."""

    to: str = field("name", "visible", choices=("infrared", "visible"), meaning="The source.")
    around_px: int = field("int", 11, low=1, high=511, unit="px", meaning="Odd side of the sum.")


@TERMS.register("spatial_frequency", settings=SpatialFrequencySettings, gives="scalar")
def spatial_frequency(images: Images, settings: SpatialFrequencySettings) -> Tensor:
    """Return the root of the summed squared differences of the maps, over the whole batch.

    Source:
        losses/__init__.py of tthinking/YDTR at b1f01b4, sf_loss_vi and sf_loss_ir.
    """
    fused, source = (
        _frequency(image, settings.around_px)
        for image in (images.fused, getattr(images, settings.to))
    )
    return ((fused - source).square().sum() + 1e-24).sqrt()


def _frequency(image: Tensor, around_px: int) -> Tensor:
    framed = F.pad(image, (1, 0, 1, 0))
    left, above = framed[..., 1:, :-1], framed[..., :-1, 1:]
    changes = (left - image).square() + (above - image).square()
    return box_blur(changes, around_px) * around_px**2
