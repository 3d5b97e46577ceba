"""What a metric is: grey levels of three images in, one number per image out."""

import abc
from collections.abc import Callable
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
    """What metrics computed of two sources, by the metric's name."""

    def __init__(self) -> None:
        self._parts: dict[str, Any] = {}

    def recall(self, metric: str, make: Callable[[], Part]) -> Part:
        """Return what `make` returned for this metric, called the first time only."""
        if metric not in self._parts:
            self._parts[metric] = make()
        parts: Part = self._parts[metric]
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

    def of_sources(self, metric: str, make: Callable[[Tensor], Part]) -> tuple[Part, Part]:
        """Return `make(infrared), make(visible)`, computed once per memory and metric."""
        if self.memory is None:
            return make(self.infrared), make(self.visible)
        return self.memory.recall(metric, lambda: (make(self.infrared), make(self.visible)))


class Metric(abc.ABC):
    """One fusion metric.

    A subclass declares `label`, `better`, `range` and `source`, says with `minimum_side` from which
    size in pixels it means something, and is entered with `@METRICS.register(name)` in a file of
    this package.
    """

    label: ClassVar[str]
    better: ClassVar[Direction]
    range: ClassVar[tuple[float, float]]
    source: ClassVar[str]
    minimum_side: ClassVar[int] = 2

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
    def register(self, name: str) -> Callable[[type[Metric]], type[Metric]]:
        """Return a decorator that enters a metric and declares it for questions and reports.

        Raises:
            ConfigError: The name is taken or unusable, or label, better, range or source is not
                declared as it must be.
        """
        enter = super().register(name)

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
