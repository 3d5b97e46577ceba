"""Sum of the correlations of differences."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.moments import exact_covariance, ratio
from ablate.metrics.protocol import Protocol


@METRICS.register("scd")
class SumOfCorrelationsOfDifferences(Metric):
    """corr(infrared, fused - visible) + corr(visible, fused - infrared)."""

    label: ClassVar[str] = "SCD"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (-2.0, 2.0)
    source: ClassVar[str] = "Aslantas and Bendes 2015; CDDFuse utils/Evaluator.py SCD"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the sum; NaN where a source or a difference is constant (0/0)."""
        del protocol
        infrared, visible, fused = (
            plane.flatten(1).to(torch.float64)
            for plane in (images.infrared, images.visible, images.fused)
        )
        # of differences: by covariances of the images, which costs fewer passes
        of_sources = exact_covariance(infrared, visible)
        of_fused = exact_covariance(fused, fused)
        with_infrared, with_visible = (
            exact_covariance(source, fused) for source in (infrared, visible)
        )
        of_infrared, of_visible = (
            exact_covariance(source, source) for source in (infrared, visible)
        )
        total = ratio(
            with_infrared - of_sources, of_infrared, of_fused + of_visible - 2 * with_visible
        ) + ratio(with_visible - of_sources, of_visible, of_fused + of_infrared - 2 * with_infrared)
        return total.to(dtype)
