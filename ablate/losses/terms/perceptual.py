"""Distance of the features of a network that was trained elsewhere; its weights are the user's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ablate.errors import ConfigError
from ablate.losses.terms.contract import TERMS, Cost, Images, target_of
from ablate.settings.setting import field

WIDTHS = {  # channels of the convolutions, "M" where pixels are pooled
    "vgg16": "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512",
    "vgg19": "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptualSettings:
    """The network, its weights and the layers that are compared."""

    network: str = field("name", "vgg19", choices=tuple(WIDTHS), meaning="Layers of the network.")
    weights: str | None = field(
        "text",
        may_be_null=True,
        meaning="A safetensors file with the keys of torchvision (features.0.weight, ...).",
    )
    layers: int | Sequence[int] = field(
        "counts",
        [3, 8, 13],
        low=0,
        high=36,
        meaning="Layers compared, counted as torchvision does.",
    )
    target: str = field(
        "name",
        "max",
        choices=("max", "mean", "infrared", "visible"),
        meaning="max, mean: of the features of the sources; infrared, visible: of that source.",
    )
    power: int = field("int", 1, low=1, high=2, meaning="Power of the differences of features.")


@TERMS.register("perceptual", settings=PerceptualSettings)
class Perceptual(nn.Module):
    """Mean distance of features of VGG, channels averaged, a map per layer; layers are added.

    Source:
        Johnson et al., ECCV 2016; images are repeated to three channels, not normalised further.
    """

    def __init__(self, settings: PerceptualSettings) -> None:
        super().__init__()
        self._settings = settings
        wanted = settings.layers if isinstance(settings.layers, Sequence) else [settings.layers]
        self._wanted = tuple(sorted(wanted))
        self._layers = nn.Sequential(*list(_vgg(settings.network))[: self._wanted[-1] + 1])
        _fill(self._layers, settings)

    def forward(self, images: Images) -> Cost:
        """Return what every place of a feature map costs, a map per layer."""
        with torch.no_grad():
            sources = [self._features(image) for image in (images.infrared, images.visible)]
        target, power = self._settings.target, self._settings.power
        return [
            (fused - target_of(hot, lit, target)).abs().pow(power).mean(dim=1, keepdim=True)
            for fused, hot, lit in zip(self._features(images.fused), *sources, strict=True)
        ]

    def _features(self, image: Tensor) -> list[Tensor]:
        found, each = [], image.to(next(self._layers.parameters()).dtype).expand(-1, 3, -1, -1)
        for at, layer in enumerate(self._layers):
            each = layer(each)
            if at in self._wanted:
                found.append(each)
        return found


def _vgg(name: str) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for word in WIDTHS[name].split():
        if word == "M":
            layers.append(nn.MaxPool2d(2, 2))
        else:
            layers += [nn.Conv2d(channels, int(word), 3, padding=1), nn.ReLU()]
            channels = int(word)
    return nn.Sequential(*layers)


def _fill(layers: nn.Sequential, settings: PerceptualSettings) -> None:
    where = f"save torchvision's {settings.network} with safetensors.torch.save_file and name it"
    if settings.weights is None:
        raise ConfigError(f"loss.terms: perceptual needs weights, and none are fetched; {where}")
    file = Path(settings.weights)
    if not file.is_file():
        raise ConfigError(f"loss.terms: perceptual: {file} is not a file; {where}")
    found = {k.removeprefix("features."): v for k, v in load_file(file).items()}
    wanted = layers.state_dict()
    if missing := [k for k in wanted if k not in found or found[k].shape != wanted[k].shape]:
        raise ConfigError(
            f"loss.terms: perceptual: {file} lacks features.{missing[0]} of {settings.network}; "
            f"{where}"
        )
    layers.load_state_dict({k: found[k] for k in wanted})
    layers.requires_grad_(False)
