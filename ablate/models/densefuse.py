"""A small CNN with a dense block, in the manner of DenseFuse."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ablate.models.contract import MODELS, FusionNetwork, activated
from ablate.settings.network import NetworkSettings, activation, width
from ablate.settings.setting import field


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseFuseSettings(NetworkSettings):
    """Settings of `densefuse`; the original has a width of 16."""

    width: int = width(16)
    features: str = field(
        "name",
        "added",
        written=False,
        choices=("added", "averaged"),
        absent="added",
        meaning="How the features of the two sources are fused: added, as in the paper, or "
        "averaged, as the released weights of hli1221/densefuse-pytorch need.",
    )
    activation: str = activation()


@MODELS.register("densefuse", settings=DenseFuseSettings)
class DenseFuse(FusionNetwork):
    """DenseFuse-like CNN: shared dense encoder, feature addition, four-layer decoder.

    Differs from the original in that it is trained end to end on both images (the original trains
    an auto-encoder and fuses by rule), pads by reflection and has an output of choice
    (`model.output`).

    Source:
        Li and Wu, DenseFuse, IEEE TIP 2019; net.py of hli1221/densefuse-pytorch at 4394b63.
    """

    source = "Li and Wu, IEEE TIP 2019 (DenseFuse)"
    faster_layout = "channels_last"
    smallest_px = 2  # reflection needs a neighbour

    def __init__(self, settings: DenseFuseSettings) -> None:
        super().__init__()
        width, activation = settings.width, settings.activation
        self._averages = settings.features == "averaged"
        self.encoder = nn.ModuleList(
            [_layer(1, width, activation)]
            + [_layer(width * (1 + k), width, activation) for k in range(3)]
        )
        self.decoder = nn.Sequential(
            _layer(4 * width, 4 * width, activation),
            _layer(4 * width, 2 * width, activation),
            _layer(2 * width, width, activation),
            nn.Conv2d(width, 1, 3, padding=1, padding_mode="reflect"),
        )

    def predict(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return an unbounded map."""
        summed = self._features(infrared) + self._features(visible)
        predicted: Tensor = self.decoder(summed / 2 if self._averages else summed)
        return predicted

    def _features(self, image: Tensor) -> Tensor:
        features: Tensor = self.encoder[0](image)
        for layer in list(self.encoder)[1:]:
            features = torch.cat([features, layer(features)], dim=1)
        return features


def _layer(inputs: int, outputs: int, activation: str) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect"), activated(activation)
    )
