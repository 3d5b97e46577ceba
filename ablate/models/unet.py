"""A plain U-Net on both sources."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ablate.models.contract import MODELS, FusionNetwork, activated
from ablate.settings.network import NetworkSettings, activation, width
from ablate.settings.setting import field


@dataclass(frozen=True, slots=True, kw_only=True)
class UNetSettings(NetworkSettings):
    """Settings of `unet`; the original has a width of 64 and a depth of 4."""

    width: int = width(8)
    depth: int = field(
        "int", 1, low=1, high=6, meaning="Halvings; the channels double at every one."
    )
    activation: str = activation()


@MODELS.register("unet", settings=UNetSettings)
class UNet(FusionNetwork):
    """U-Net: the sources are two channels, halved `depth` times and brought back with skips.

    Differs from the original: zero padding instead of valid convolutions, fewer channels, one
    output. The 2x2 up-convolution is written as a 1x1 convolution and a pixel shuffle,
    which is the same map.

    Source:
        Ronneberger, Fischer and Brox, MICCAI 2015, arXiv 1505.04597.
    """

    source = "Ronneberger et al., MICCAI 2015, arXiv 1505.04597 (U-Net)"
    faster_layout = "channels_last"

    def __init__(self, settings: UNetSettings) -> None:
        super().__init__()
        width, depth, activation = settings.width, settings.depth, settings.activation
        self.multiple_px = 2**depth
        channels = [width * 2**level for level in range(depth + 1)]
        self.encoder = nn.ModuleList(
            _twice(inputs, outputs, activation)
            for inputs, outputs in zip([2, *channels], channels, strict=False)
        )
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(2 * fine, 4 * fine, 1), nn.PixelShuffle(2))
            for fine in reversed(channels[:-1])
        )
        self.decoder = nn.ModuleList(
            _twice(2 * fine, fine, activation) for fine in reversed(channels[:-1])
        )
        self.last = nn.Conv2d(width, 1, 1)

    def predict(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return an unbounded map."""
        features: Tensor = self.encoder[0](torch.cat([infrared, visible], dim=1))
        skips: list[Tensor] = []
        for stage in list(self.encoder)[1:]:
            skips.append(features)
            features = stage(F.max_pool2d(features, 2))
        for up, stage in zip(self.up, self.decoder, strict=True):
            features = stage(torch.cat([skips.pop(), up(features)], dim=1))
        predicted: Tensor = self.last(features)
        return predicted


def _twice(inputs: int, outputs: int, activation: str) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        activated(activation),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        activated(activation),
    )
