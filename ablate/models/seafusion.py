"""Two streams of gradient residual dense blocks, in the manner of SeAFusion."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ablate.models.contract import MODELS, FusionNetwork
from ablate.settings.network import NetworkSettings, width
from ablate.settings.setting import field


@dataclass(frozen=True, slots=True, kw_only=True)
class SeAFusionSettings(NetworkSettings):
    """Settings of `seafusion`; the original has a width of 16."""

    width: int = width(16)
    sobel: str = field(
        "name",
        "fixed",
        written=False,
        choices=("fixed", "trained"),
        absent="fixed",
        meaning="Whether the gradient kernels inside the network stay Sobel's or are trained from "
        "them; the released weights need trained.",
    )


@MODELS.register("seafusion", settings=SeAFusionSettings)
class SeAFusion(FusionNetwork):
    """SeAFusion-like CNN: one encoder per source, features concatenated, four-layer decoder.

    Differs from the original: no segmentation network follows; the batch norms that the repository
    declares and never calls (226 parameters) are absent; with `sobel: fixed` the Sobel kernels of
    the residual stream stay as they are.

    Source:
        Tang, Yuan and Ma, Information Fusion 82, 2022; FusionNet.py of Linfeng-Tang/SeAFusion at
        5fd9c52.
    """

    source = "Tang et al., Information Fusion 2022 (SeAFusion)"
    faster_layout = "channels_last"

    def __init__(self, settings: SeAFusionSettings) -> None:
        super().__init__()
        width, sobel = settings.width, settings.sobel
        self.infrared, self.visible = (_encoder(width, sobel=sobel) for _ in range(2))
        self.decoder = nn.Sequential(
            *_layer(6 * width, 4 * width),
            *_layer(4 * width, 2 * width),
            *_layer(2 * width, width),
            nn.Conv2d(width, 1, 3, padding=1),
        )

    def predict(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return an unbounded map."""
        features = torch.cat([self.visible(visible), self.infrared(infrared)], dim=1)
        predicted: Tensor = self.decoder(features)
        return predicted

    def bounded(self, predicted: Tensor, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return tanh(p) / 2 + 1/2, as the repository has it."""
        del infrared, visible
        return torch.tanh(predicted) / 2 + 0.5


class GradientResidualDense(nn.Module):
    """Two densely connected convolutions, plus the Sobel magnitude of what came in."""

    kernels: Tensor  # (2 inputs, 1, 3, 3): along x and along y of each channel in turn

    def __init__(self, inputs: int, outputs: int, *, sobel: str = "fixed") -> None:
        super().__init__()
        self.first = nn.Sequential(*_layer(inputs, inputs))
        self.second = nn.Sequential(*_layer(2 * inputs, inputs))
        self.dense = nn.Conv2d(3 * inputs, outputs, 1)
        self.residual = nn.Conv2d(inputs, outputs, 1)
        along_x = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])
        kernels = torch.stack([along_x, along_x.T])[:, None].repeat(inputs, 1, 1, 1)
        if sobel == "trained":
            self.kernels = nn.Parameter(kernels)
        else:
            self.register_buffer("kernels", kernels, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return the features of the block, same height and width."""
        dense = torch.cat([features, self.first(features)], dim=1)
        dense = torch.cat([dense, self.second(dense)], dim=1)
        gradients = F.conv2d(features, self.kernels, padding=1, groups=features.shape[1])
        magnitude = gradients[:, 0::2].abs() + gradients[:, 1::2].abs()
        return F.leaky_relu(self.dense(dense) + self.residual(magnitude), 0.1)


def _encoder(width: int, *, sobel: str) -> nn.Sequential:
    return nn.Sequential(
        *_layer(1, width),
        GradientResidualDense(width, 2 * width, sobel=sobel),
        GradientResidualDense(2 * width, 3 * width, sobel=sobel),
    )


def _layer(inputs: int, outputs: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(inputs, outputs, 3, padding=1), nn.LeakyReLU(0.2)
