"""What a kind of term is: a function of the images, or a module that is built once."""

import abc
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import torch
from torch import Tensor, nn

from ablate.errors import ConfigError, nearest
from ablate.registry import Registry
from ablate.settings.loss import LossSettings
from ablate.settings.terms import GRADIENT, own_settings

Cost = Tensor | list[Tensor]
Kind = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """What a term is computed from: images (batch, 1, height, width), and what a network gave."""

    infrared: Tensor
    visible: Tensor
    fused: Tensor
    features: Mapping[str, Tensor]

    def feature(self, name: str) -> Tensor:
        """Return an output of the network beside its image.

        Raises:
            ConfigError: The network did not hand it out.
        """
        if name not in self.features:
            has = nearest(name, self.features) if self.features else "it hands out none"
            raise ConfigError(
                f"loss.terms: a term reads {name!r}, which the network does not hand out; {has}"
            )
        return self.features[name]


def target_of(infrared: Tensor, visible: Tensor, name: str) -> Tensor:
    """Return what a term compares with: a source, or the "max" or "mean" of both.

    Args:
        infrared: The first source, or features of it.
        visible: The second, of the same shape.
        name: "infrared", "visible", "max" or "mean".
    """
    if name in ("infrared", "visible"):
        return infrared if name == "infrared" else visible
    return torch.maximum(infrared, visible) if name == "max" else (infrared + visible) / 2


class Opponent(nn.Module, abc.ABC):
    """A kind of term with weights of its own, which learn against the network.

    At every step of a training it improves first, on the fused images that the network has just
    made; then the network moves down its value, in which those weights are constants.
    """

    learns: ClassVar[str] = "against the network"  # for tables

    @abc.abstractmethod
    def improve(self, images: Images) -> None:
        """Move its own weights; the images are detached from the network."""

    @abc.abstractmethod
    def state(self) -> dict[str, Any]:
        """Return all that changes, as tensors and numbers, for a checkpoint."""

    @abc.abstractmethod
    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""


class _Terms(Registry[Kind]):
    def register(
        self,
        name: str,
        *,
        settings: type | None = None,
        gives: str = "map",
        reads: tuple[str, ...] = (),
    ) -> Callable[[Kind], Kind]:
        """Return a decorator that enters a kind of term.

        Args:
            name: As `kind` says it.
            settings: Class of its settings.
            gives: "map": what every pixel costs, (batch, 1, height, width), or a list of such maps
                of several sizes, whose means are added. "scalar": one number, for which a region
                has no meaning.
            reads: The features of a network that it needs.
        """

        def enter(kind: Kind) -> Kind:
            kind.gives, kind.reads = gives, reads  # type: ignore[attr-defined]  # for tables
            return super(_Terms, self).register(name, settings=settings)(kind)

        return enter


TERMS: Final = _Terms("kind of term", package="ablate.losses.terms")


def built(kind: str, section: Mapping[str, Any]) -> Callable[[Images], Cost]:
    """Return what computes the cost of a term that `check` accepts.

    Args:
        kind: Name of the kind: a function of images= and settings=, or a module of settings=.
        section: The term; what it leaves out has its default.
    """
    member = TERMS.get(kind, where="loss.terms")
    known = own_settings(kind)
    given = {name: value for name, value in section.items() if name in known}
    if kind == GRADIENT:
        settings: Any = LossSettings.of(given)
    else:
        settings_class = TERMS.settings_class(kind)
        settings = settings_class(**given) if settings_class else None
    if isinstance(member, type) and issubclass(member, nn.Module):
        module: Callable[[Images], Cost] = member(settings)
        return module
    function: Kind = member
    return functools.partial(function, settings=settings)
