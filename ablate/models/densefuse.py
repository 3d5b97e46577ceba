"""A small CNN with a dense block, in the manner of DenseFuse."""

import torch
from torch import Tensor, nn

from ablate.models.contract import MODELS, FusionNetwork, activated
from ablate.models.settings import check_at_least, check_own


@MODELS.register("densefuse")
class DenseFuse(FusionNetwork):
    """DenseFuse-like CNN: shared dense encoder, feature addition, four-layer decoder.

    Differs from the original in that it is trained end to end on both images (the original trains
    an auto-encoder and fuses by rule), pads by reflection and has an output of choice
    (`model.output`).

    Args:
        width: Channels of one encoder layer; 16 in the original. At least 1.
        features: How those of the two sources are fused: `added` (the rule "addition" of the
            paper), or `averaged`, as the released weights of hli1221/densefuse-pytorch need.
        activation: `relu`, or `leaky_relu` of slope .01.

    Source:
        Li and Wu, DenseFuse, IEEE TIP 2019; net.py of hli1221/densefuse-pytorch at 4394b63.
    """

    source = "Li and Wu, IEEE TIP 2019 (DenseFuse)"
    faster_layout = "channels_last"
    smallest_px = 2  # reflection needs a neighbour

    def __init__(
        self, *, width: int = 16, features: str = "added", activation: str = "relu"
    ) -> None:
        super().__init__()
        check_at_least(1, width=width)
        check_own("densefuse", features=features, activation=activation)
        self._averages = features == "averaged"
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
