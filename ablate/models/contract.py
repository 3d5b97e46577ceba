"""What every fusion network offers, and the register of their names."""

from typing import ClassVar

from torch import Tensor, nn

from ablate.registry import Registry


class FusionNetwork(nn.Module):
    """Fuses an infrared and a visible luminance image of any size.

    `forward(infrared=, visible=)` takes (batch, 1, height, width) in [0, 1] and returns the same
    shape in [0, 1]. Constructor settings are keyword-only; the study file is checked against them.
    """

    source: ClassVar[str]

    def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return the fused luminance in [0, 1]."""
        raise NotImplementedError


MODELS: Registry[type[nn.Module]] = Registry("model", package="ablate.models")


def parameter_count(model: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
