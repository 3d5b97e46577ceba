"""Spatial frequency of the fused image."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.protocol import Protocol


@METRICS.register("sf")
class SpatialFrequency(Metric):
    """Root of the mean squared differences of neighbours, along rows plus along columns."""

    label: ClassVar[str] = "SF"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 255 * 2**0.5)
    source: ClassVar[str] = "Eskicioglu and Fisher 1995; CDDFuse utils/Evaluator.py SF"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return grey levels per pixel, in units where white counts `protocol.sf_white`."""
        fused = images.fused.to(torch.float64)
        steps = [fused.diff(dim=axis).square() for axis in (-2, -1)]
        pixels = fused[0].numel()
        is_all = protocol.sf_divisor == "pixels"
        squares = [each.sum((-2, -1)) / pixels if is_all else each.mean((-2, -1)) for each in steps]
        return ((squares[0] + squares[1]).sqrt() * (protocol.sf_white / 255)).to(dtype)
