"""What a metric is: grey levels of three images in, one number per image out."""

import abc
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar

import torch
from torch import Tensor

from ablate.errors import ConfigError
from ablate.metrics.catalogue import Direction, declare
from ablate.metrics.protocol import Protocol
from ablate.registry import Registry

Part = TypeVar("Part")


class Memory:
    """What metrics computed of two sources, by a key that begins with the metric's name.

    Args:
        holds_maps: Whether several fused images of these sources are to be scored, so that it pays
            to hold what is as large as the images.
    """

    def __init__(self, *, holds_maps: bool = False) -> None:
        self.holds_maps = holds_maps
        self._parts: dict[Hashable, Any] = {}

    def recall(self, key: Hashable, make: Callable[[], Part], *, is_compact: bool = False) -> Part:
        """Return what `make` returned for this key, called the first time only.

        Args:
            key: Of what is made.
            make: Makes it.
            is_compact: Whether it may be kept in a file between calls; see `of_sources`.
        """
        del is_compact  # there are no files here
        if key not in self._parts:
            self._parts[key] = make()
        parts: Part = self._parts[key]
        return parts


@dataclass(frozen=True, slots=True, kw_only=True)
class GreyImages:
    """Three images on a common grid.

    Args:
        infrared: Grey levels, uint8 [batch, height, width].
        visible: Grey levels of the luminance, same shape.
        fused: Grey levels, same shape.
        memory: Keeps what metrics compute of these sources, under one protocol and type, for
            several fused images; None where there is a single one.
    """

    infrared: Tensor
    visible: Tensor
    fused: Tensor
    memory: Memory | None = None

    @property
    def batch(self) -> int:
        """Return the number of images."""
        return self.fused.shape[0]

    @property
    def side(self) -> tuple[int, int]:
        """Return height and width in pixels."""
        return self.fused.shape[-2], self.fused.shape[-1]

    @property
    def sources(self) -> tuple[Tensor, Tensor]:
        """Return infrared, visible."""
        return self.infrared, self.visible

    def __getitem__(self, index: int) -> "GreyImages":
        """Return image `index` as a batch of one; only a batch of one keeps its memory."""
        if self.batch == 1:
            return self
        cut = slice(index, index + 1)
        return GreyImages(
            infrared=self.infrared[cut], visible=self.visible[cut], fused=self.fused[cut]
        )

    def of_sources(
        self, metric: str, make: Callable[[Tensor], Part], *, is_compact: bool = False
    ) -> tuple[Part, Part]:
        """Return `make(infrared), make(visible)`, computed once for all fused images of a call.

        Args:
            metric: Its name.
            make: Takes grey levels, [batch, height, width].
            is_compact: Whether `make` returns a tuple of tensors so small that they are kept in a
                file from one call to the next (see `ablate.metrics.statistics`): at most 7 bytes a
                pixel for one source in float64. For metrics of this package alone.
        """
        if self.memory is None:
            return make(self.infrared), make(self.visible)
        return self.memory.recall(
            metric, lambda: (make(self.infrared), make(self.visible)), is_compact=is_compact
        )

    def held(self, key: Hashable, make: Callable[[], Part]) -> Part:
        """Return `make()`, computed once where several fused images of these sources are scored.

        For parts of maps that a single fused image needs once and not all at the same time.
        """
        if self.memory is None or not self.memory.holds_maps:
            return make()
        return self.memory.recall(key, make)


def one_by_one(images: GreyImages, score: Callable[[GreyImages], Tensor]) -> Tensor:
    """Return the values of images that are scored alone, [batch].

    Sums over a batch may be rounded otherwise than those of an image; what is scored so is not.
    """
    return torch.cat([score(images[index]) for index in range(images.batch)])


class Metric(abc.ABC):
    """One fusion metric.

    A subclass declares `label`, `better`, `range` and `source`, says with `minimum_side` from which
    size in pixels it means something, with `is_of_luminance` that colour images are scored by their
    luminance under a protocol of bands too, and is entered with `@METRICS.register(name)` in a file
    of this package.
    """

    label: ClassVar[str]
    better: ClassVar[Direction]
    range: ClassVar[tuple[float, float]]
    source: ClassVar[str]
    minimum_side: ClassVar[int] = 2
    is_of_luminance: ClassVar[bool] = False

    @classmethod
    def smallest_side(cls, protocol: Protocol) -> int:
        """Return from which side in pixels the metric means something under a protocol."""
        del protocol
        return cls.minimum_side

    @abc.abstractmethod
    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return one value per image, [batch], in `dtype`, on the device of the images.

        NaN stands for 0/0 and is never replaced here.
        """


class _Metrics(Registry[type[Metric]]):
    def register(
        self, name: str, *, settings: type | None = None
    ) -> Callable[[type[Metric]], type[Metric]]:
        """Return a decorator that enters a metric and declares it for questions and reports.

        Raises:
            ConfigError: The name is taken or unusable, or label, better, range or source is not
                declared as it must be.
        """
        enter = super().register(name, settings=settings)

        def checked(metric: type[Metric]) -> type[Metric]:
            missing = [part for part in DECLARED if not hasattr(metric, part)]
            if missing:
                raise ConfigError(
                    f"metric {name[:40]!r}: {metric.__name__} declares no {', '.join(missing)}; "
                    f"add {missing[0]} = ..."
                )
            declare(name, label=metric.label, better=metric.better, of=metric.__name__)
            return enter(metric)

        return checked


DECLARED: Final = ("label", "better", "range", "source")
METRICS: Final[Registry[type[Metric]]] = _Metrics("metric", package="ablate.metrics")
