"""What a metric is: grey levels of three images in, one number per image out."""

import abc
from dataclasses import dataclass
from typing import ClassVar, Final

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.protocol import Protocol
from ablate.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class GreyImages:
    """Three images on a common grid.

    Args:
        infrared: Grey levels, uint8 [batch, height, width].
        visible: Grey levels of the luminance, same shape.
        fused: Grey levels, same shape.
    """

    infrared: Tensor
    visible: Tensor
    fused: Tensor

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
        """Return image `index` as a batch of one."""
        cut = slice(index, index + 1)
        return GreyImages(
            infrared=self.infrared[cut], visible=self.visible[cut], fused=self.fused[cut]
        )


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

    @abc.abstractmethod
    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return one value per image, [batch], in `dtype`, on the device of the images.

        NaN stands for 0/0 and is never replaced here.
        """


METRICS: Final[Registry[type[Metric]]] = Registry("metric", package="ablate.metrics")
