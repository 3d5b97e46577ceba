"""Total variation: how much the fused image, or what it adds to a source, changes."""

from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.losses.terms.contract import TERMS, Images
from ablate.settings.setting import field


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalVariationSettings:
    """Of which image the variation is taken, and its power."""

    of: str = field(
        "name",
        "fused",
        choices=("fused", "fused_minus_infrared", "fused_minus_visible"),
        meaning="Which image should be smooth.",
    )
    power: int = field("int", 1, low=1, high=2, meaning="Power of the differences of neighbours.")


@TERMS.register("total_variation", settings=TotalVariationSettings)
def total_variation(images: Images, settings: TotalVariationSettings) -> Tensor:
    """Return |x - right neighbour|^p + |x - lower neighbour|^p; 0 beyond the frame.

    Source:
        Rudin, Osher and Fatemi, Physica D 1992; the residual to a source as in FusionGAN's line.
    """
    image = images.fused
    if settings.of != "fused":
        image = image - getattr(images, settings.of.removeprefix("fused_minus_"))
    across = F.pad(image[..., 1:] - image[..., :-1], (0, 1)).abs() ** settings.power
    down = F.pad(image[..., 1:, :] - image[..., :-1, :], (0, 0, 0, 1)).abs() ** settings.power
    return across + down
