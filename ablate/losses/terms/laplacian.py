"""Distance of Laplacian pyramids: bands of an octave, each to the stronger source."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.losses.selection import SELECTIONS, blend
from ablate.losses.terms.contract import TERMS, Images
from ablate.settings.setting import field


@dataclass(frozen=True, slots=True, kw_only=True)
class LaplacianSettings:
    """The bands, and whose they should be."""

    bands: int = field("int", 3, low=1, high=8, meaning="Bands of the pyramid, without its rest.")
    target: str = field(
        "name",
        "per_axis_max",
        choices=("per_axis_max", "mean", "infrared", "visible"),
        meaning="per_axis_max: the band of larger absolute value at a pixel; else that source.",
    )


@TERMS.register("laplacian", settings=LaplacianSettings)
def laplacian(images: Images, settings: LaplacianSettings) -> list[Tensor]:
    """Return |band of the fused image - band of the target|, a map per band, in equal parts."""
    select = SELECTIONS.get(settings.target, where="loss.terms")
    hot, lit, fused = (
        _bands(image, settings.bands) for image in (images.infrared, images.visible, images.fused)
    )
    return [
        (band - blend(select(one, other), one, other)).abs() / settings.bands
        for band, one, other in zip(fused, hot, lit, strict=True)
    ]


def _bands(image: Tensor, count: int) -> list[Tensor]:
    taps = image.new_tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    kernel = torch.outer(taps, taps)[None, None]
    bands = []
    for _ in range(count):
        small = F.conv2d(F.pad(image, (2, 2, 2, 2), mode="replicate"), kernel, stride=2)
        wide = F.interpolate(small, image.shape[-2:], mode="bilinear", align_corners=False)
        bands.append(image - wide)
        image = small
    return bands
