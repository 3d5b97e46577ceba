"""What every fusion network offers, and the register of their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ablate.errors import ShapeError
from ablate.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The network of a publication, in the settings of the one here that follows it."""

    settings: Mapping[str, Any]  # with which the layers are those of the original
    parameters: int  # of the original's own code, two sources in and one image out


class FusionNetwork(nn.Module):
    """Fuses an infrared and a visible luminance image of any size.

    `forward(infrared=, visible=)` takes (batch, 1, height, width) in [0, 1] and returns the same
    shape in [0, 1]. A network writes `fuse`, which sees sides that are multiples of `multiple_px`:
    `forward` pads at the right and below by repeating the edge, and crops back. Constructor
    settings are keyword-only; the study file is checked against them.

    Weights of `nn.Conv2d` and `nn.Linear` are drawn anew from the run's seed before a training;
    what else is random in a constructor must not be.
    """

    source: ClassVar[str]
    published: ClassVar[Original | None] = None
    smallest_px: ClassVar[int] = 1  # smaller sides are refused
    multiple_px: int = 1  # of the sides that `fuse` takes

    def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return the fused luminance in [0, 1], same shape as each input.

        Raises:
            ShapeError: The images are not (batch, 1, height, width) of one shape, or too small.
        """
        check_pair(infrared, visible, smallest_px=self.smallest_px, of=type(self).__name__)
        height, width = infrared.shape[-2:]
        below, right = -height % self.multiple_px, -width % self.multiple_px
        if below or right:
            infrared, visible = (
                F.pad(image, (0, right, 0, below), mode="replicate")
                for image in (infrared, visible)
            )
        return self.fuse(infrared=infrared, visible=visible)[..., :height, :width]

    def fuse(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return the fused luminance in [0, 1] for sides that are multiples of `multiple_px`."""
        raise NotImplementedError


MODELS: Registry[type[nn.Module]] = Registry("model", package="ablate.models")


def check_pair(infrared: Tensor, visible: Tensor, *, smallest_px: int, of: str) -> None:
    """Raise ShapeError unless both are (batch, 1, height, width) of one shape, large enough."""
    if infrared.ndim != 4 or infrared.shape[1] != 1 or infrared.shape != visible.shape:
        raise ShapeError(
            f"{of}: infrared {tuple(infrared.shape)} and visible {tuple(visible.shape)} must be "
            "(batch, 1, height, width) of one shape; pass luminance images of registered pairs"
        )
    height, width = infrared.shape[-2:]
    if min(height, width) < smallest_px:
        raise ShapeError(
            f"{of}: {height}x{width} is too small; give images of at least "
            f"{smallest_px}x{smallest_px} pixels"
        )


def parameter_count(model: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
