"""Yang's quality index: similarity to both sources where they agree, else to the better one."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.protocol import Protocol
from ablate.metrics.weighted_structure import of_images

_WIDTH, _ALIKE = 7, 0.75
_CONSTANTS = (2e-16, 2e-16)


@METRICS.register("qy")
class YangQuality(Metric):
    """SSIM to both sources by variance where these are alike (.75 or more), else the larger one."""

    label: ClassVar[str] = "Qy"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    source: ClassVar[str] = "Yang et al. 2008; zhengliu6699/imageFusionMetrics metricYang.m"
    minimum_side: ClassVar[int] = 11

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the mean over all windows."""
        return one_by_one(images, _score).to(dtype)


def _score(images: GreyImages) -> Tensor:
    maps = of_images(images, width=_WIDTH, constants=_CONSTANTS)
    better = torch.maximum(maps.to_first, maps.to_second)
    found = torch.where(maps.of_sources >= _ALIKE, maps.blend, better)
    return found.mean((-2, -1))
