"""What every fusion network offers, and the register of their names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final, TypeVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ablate.errors import ShapeError
from ablate.registry import Registry
from ablate.settings.network import NetworkSettings

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """A fused image, and what else of the network terms of the loss may read.

    Args:
        image: (batch, 1, height, width).
        features: By name, each as its readers say; of the padded size where sides were padded.
    """

    image: Tensor
    features: Mapping[str, Tensor]


class FusionNetwork(nn.Module):
    """Fuses an infrared and a visible luminance image of any size.

    `forward(infrared=, visible=)` takes (batch, 1, height, width) in [0, 1] and returns the same
    shape, in [0, 1] outside of training. A network writes `predict`, which returns an unbounded
    map; the setting `model.output` says which image it makes. A network that always makes its image
    in one way writes `fuse` instead. Either sees sides that are multiples of `multiple_px`:
    `forward` pads at the right and below by repeating the edge, and crops back. The constructor
    takes the settings class that `@MODELS.register(NAME, settings=CLASS)` names, a subclass of
    `NetworkSettings`: study files are checked against its ranges. Without one it takes keyword-only
    settings, and study files are checked against their names.

    Weights of `nn.Conv2d` and `nn.Linear` are drawn anew from the run's seed before a training,
    but for modules that the constructor handed to `keep`; what else is random in a constructor
    must not be.
    """

    source: ClassVar[str]
    smallest_px: int = 1  # smaller sides are refused
    multiple_px: int = 1  # of the sides that `predict` and `fuse` take
    faster_layout: ClassVar[str] = "nchw"  # in memory, see `train.layout`
    features: ClassVar[tuple[str, ...]] = ()  # what its `Fused` hands out
    output: str = "sigmoid"  # see NetworkSettings; set by `models.build`

    def forward(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return the fused luminance, same shape as each input.

        In [0, 1] in evaluation mode; in training mode the outputs mean, max and visible are not
        clamped, so that the loss has a gradient everywhere.

        Raises:
            ShapeError: The images are not (batch, 1, height, width) of one shape, or too small.
        """
        return self.with_features(infrared=infrared, visible=visible).image

    def with_features(self, *, infrared: Tensor, visible: Tensor) -> Fused:
        """Return the fused luminance, and what the network hands out beside it; see `forward`."""
        check_pair(infrared, visible, smallest_px=self.smallest_px, of=type(self).__name__)
        height, width = infrared.shape[-2:]
        below, right = -height % self.multiple_px, -width % self.multiple_px
        if below or right:
            infrared, visible = (
                F.pad(image, (0, right, 0, below), mode="replicate")
                for image in (infrared, visible)
            )
        found = self.fuse(infrared=infrared, visible=visible)
        if not isinstance(found, Fused):
            found = Fused(image=found, features={})
        return replace(found, image=found.image[..., :height, :width])

    def fuse(self, *, infrared: Tensor, visible: Tensor) -> Tensor | Fused:
        """Return the fused luminance for sides that are multiples of `multiple_px`.

        A network that hands out more, for terms of the loss to read, returns `Fused` and names in
        `features` what it hands out.
        """
        predicted = self.predict(infrared=infrared, visible=visible)
        return self.image_of(predicted, infrared=infrared, visible=visible)

    def image_of(self, predicted: Tensor, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return the image that `model.output` makes of a predicted map."""
        if self.output == "sigmoid":
            return self.bounded(predicted, infrared=infrared, visible=visible)
        if self.output == "gate":
            return torch.lerp(visible, infrared, torch.sigmoid(predicted))
        fused = {
            "mean": lambda: (infrared + visible) / 2,
            "max": lambda: torch.maximum(infrared, visible),
            "visible": lambda: visible,
            "map": lambda: torch.zeros_like(visible),
        }[self.output]() + predicted
        return fused if self.training else fused.clamp(0, 1)

    def predict(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return an unbounded map, (batch, 1, height, width)."""
        raise NotImplementedError

    def bounded(self, predicted: Tensor, *, infrared: Tensor, visible: Tensor) -> Tensor:
        """Return the image in [0, 1] that the output "sigmoid" makes of the predicted map."""
        del infrared, visible
        return torch.sigmoid(predicted)

    def last_layer(self) -> nn.Conv2d:
        """Return the layer that makes the predicted map; `model.last_layer: zero` starts it at 0.

        The last convolution that was assigned, unless a network says otherwise.
        """
        return [module for module in self.modules() if isinstance(module, nn.Conv2d)][-1]

    def parts(self) -> Mapping[str, tuple[nn.Module, ...]]:
        """Return the parts that a stage of a training may move, by name: all children by default.

        Every parameter belongs to one part.
        """
        return {name: (module,) for name, module in self.named_children()}

    def objectives(self) -> Mapping[str, Callable[..., Mapping[str, Tensor]]]:
        """Return what a stage may train towards beside the study's loss, by name.

        An objective takes infrared=, visible= and loss= (the study's, with what the stage changes
        of it) and returns weighted terms by name, whose sum is minimised.
        """
        return {}


def activated(name: str) -> nn.Module:
    """Return a layer of the activation "relu", or "leaky_relu" of slope .01."""
    return nn.ReLU() if name == "relu" else nn.LeakyReLU(0.01)


def keep(module: Module) -> Module:
    """Return the module, marked to keep the weights that it has when a training starts."""
    for each in module.modules():
        each.keeps_weights = True  # type: ignore[assignment]  # a mark, no tensor
    return module


def predicts(network: type[nn.Module]) -> bool:
    """Return whether a network has the settings of `NetworkSettings`."""
    return issubclass(network, FusionNetwork) and network.predict is not FusionNetwork.predict


class _Models(Registry[type[nn.Module]]):
    def register(
        self, name: str, *, settings: type | None = None
    ) -> Callable[[type[nn.Module]], type[nn.Module]]:
        """Return a decorator that enters a network.

        Without a settings class it has that of the registered network whose constructor it
        inherits; else, where it predicts a map, `NetworkSettings` beside its keyword-only
        parameters.
        """

        def enter(network: type[nn.Module]) -> type[nn.Module]:
            found = settings or self._inherited(network)
            return super(_Models, self).register(name, settings=found)(network)

        return enter

    def _inherited(self, network: object) -> type | None:
        if not isinstance(network, type):
            return None
        for name, other in self.registered():
            if issubclass(network, other) and vars(network).get("__init__") is None:
                return self.settings_class(name)
        return NetworkSettings if predicts(network) else None


MODELS: Final[Registry[type[nn.Module]]] = _Models("model", package="ablate.models")


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
