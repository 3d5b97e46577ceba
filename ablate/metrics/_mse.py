"""Mean squared error of the fused image against the sources."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.moments import squared_error
from ablate.metrics.protocol import Protocol


@METRICS.register("mse")
class MeanSquaredError(Metric):
    """Mean of the squared errors against infrared and against visible."""

    label: ClassVar[str] = "MSE"
    better: ClassVar[Direction] = "lower"
    range: ClassVar[tuple[float, float]] = (0.0, 255.0**2)
    source: ClassVar[str] = "CDDFuse utils/Evaluator.py MSE"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return squared grey levels, in units where white counts `protocol.mse_white`."""
        return (squared_error(images) * (protocol.mse_white / 255) ** 2).to(dtype)
