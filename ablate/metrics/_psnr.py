"""Peak signal-to-noise ratio of the fused image, the sources taken as the signal."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.moments import roots_of_error, squared_error
from ablate.metrics.protocol import Protocol


@METRICS.register("psnr")
class PeakSignalToNoiseRatio(Metric):
    """10 log10 of the squared peak over the error averaged over both sources, in decibels."""

    label: ClassVar[str] = "PSNR"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (-float("inf"), float("inf"))
    source: ClassVar[str] = "CDDFuse utils/Evaluator.py PSNR; Metric_Python Metric.py PSNR_function"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return decibels.

        +inf where all three images are equal; under cddfuse-py -inf for a black fused image and
        NaN for three black ones.
        """
        if protocol.psnr_peak == "255_over_roots":
            roots = roots_of_error(images, divisor="pixels_twice")
            return (10 * torch.log10(255.0**2 / roots)).to(dtype)
        error = squared_error(images)
        if protocol.psnr_peak == "fused":
            peak = images.fused.flatten(1).amax(-1).to(torch.float64)
        else:
            peak = torch.full_like(error, 255.0**2)  # 255 over an error of levels in [0, 1]
        return (10 * torch.log10(peak.square() / error)).to(dtype)
