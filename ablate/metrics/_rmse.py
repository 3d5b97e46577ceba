"""Root of the mean squared error of the fused image against each source."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.moments import roots_of_error
from ablate.metrics.protocol import Protocol


@METRICS.register("rmse")
class RootMeanSquaredError(Metric):
    """Root of the mean squared error against infrared and against visible, mean of both."""

    label: ClassVar[str] = "RMSE"
    better: ClassVar[Direction] = "lower"
    range: ClassVar[tuple[float, float]] = (0.0, 255.0)
    source: ClassVar[str] = "Jagalingam and Hegde 2015; xingchenzhang/VIFB metricsRmse.m"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return grey levels; under vifb divided by the root of the number of pixels once more."""
        return roots_of_error(images, divisor=protocol.rmse_divisor).to(dtype)
