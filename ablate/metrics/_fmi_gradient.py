"""Feature mutual information of horizontal gradients."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.feature_information import feature_information
from ablate.metrics.protocol import Protocol


@METRICS.register("fmi_gradient")
class GradientInformation(Metric):
    """FMI of central differences along rows, one-sided at the frame."""

    label: ClassVar[str] = "FMI-gradient"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = (
        "Haghighat et al. 2011, Haghighat and Razian 2014; xingchenzhang/MEFB metricsFMI.m, "
        "feature 'gradient'"
    )
    minimum_side: ClassVar[int] = 3

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the mean over windows; 1 where all three images are constant."""
        return one_by_one(images, _score).to(dtype)


def _score(images: GreyImages) -> Tensor:
    first, second = (_across(source) for source in images.sources)
    return feature_information(images, first, second, _across(images.fused))


def _across(plane: Tensor) -> Tensor:
    (found,) = torch.gradient(plane.to(torch.float64), dim=-1)
    return found
