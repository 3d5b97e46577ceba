"""Distance of colours: CbCr of the fused image to that of the visible one, or their angle."""

from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.losses.terms.contract import TERMS, Images
from ablate.settings.setting import field

CB, CR = (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312)  # of JPEG, as repositories have


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourSettings:
    """How colours are compared."""

    compares: str = field(
        "name",
        "chroma",
        choices=("chroma", "angle"),
        meaning="chroma: |Cb - Cb| + |Cr - Cr|; angle: 1 - cosine of the RGB vectors.",
    )


@TERMS.register("colour", settings=ColourSettings, reads=("fused_colour", "visible_colour"))
def colour(images: Images, settings: ColourSettings) -> Tensor:
    """Return the distance of the colours, (batch, 1, height, width).

    Reads two RGB images in [0, 1], (batch, 3, height, width). A network that is given luminance
    alone carries the chroma of the visible image over, so there the distance is always 0.

    Source:
        scripts/losses.py of XunpengYi/Text-IF at 92d5cbe, L_color.
    """
    fused, visible = images.feature("fused_colour"), images.feature("visible_colour")
    if settings.compares == "angle":
        return 1 - F.cosine_similarity(fused, visible, dim=1, eps=1e-6)[:, None]
    taps = fused.new_tensor([CB, CR])[..., None, None]
    return F.conv2d(fused - visible, taps).abs().sum(dim=1, keepdim=True)
