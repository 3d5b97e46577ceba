"""Feature mutual information of grey levels, of gradients and of edges."""

import abc
from typing import ClassVar, Final

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.edges import edge_responses
from ablate.metrics.feature_information import feature_information
from ablate.metrics.protocol import Protocol

_THRESHOLD: Final = 4  # times the mean squared response
_TIES: Final = 100 * 2.0**-52
_SOURCE: Final = (
    "Haghighat et al. 2011, Haghighat and Razian 2014; xingchenzhang/MEFB metricsFMI.m, feature "
)


class FeatureInformation(Metric):
    """FMI of the feature that a subclass computes of every image."""

    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    minimum_side: ClassVar[int] = 3

    @staticmethod
    @abc.abstractmethod
    def feature(plane: Tensor) -> Tensor:
        """Return the feature at every pixel of a float64 image, both [1, height, width]."""

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the mean over windows; 1 where all three images are constant."""
        return one_by_one(images, self._score).to(dtype)

    def _score(self, images: GreyImages) -> Tensor:
        planes = (*images.sources, images.fused)
        return feature_information(*(self.feature(plane.to(torch.float64)) for plane in planes))


@METRICS.register("fmi_pixel")
class PixelInformation(FeatureInformation):
    """Normalised mutual information of windows of 3x3 pixels with each source, mean of both."""

    label: ClassVar[str] = "FMI-pixel"
    source: ClassVar[str] = f"{_SOURCE}'none'"

    @staticmethod
    def feature(plane: Tensor) -> Tensor:
        """Return the grey levels."""
        return plane


@METRICS.register("fmi_gradient")
class GradientInformation(FeatureInformation):
    """FMI of central differences along rows, one-sided at the frame."""

    label: ClassVar[str] = "FMI-gradient"
    source: ClassVar[str] = f"{_SOURCE}'gradient'"

    @staticmethod
    def feature(plane: Tensor) -> Tensor:
        """Return grey levels per pixel, growing to the right."""
        (across,) = torch.gradient(plane, dim=-1)
        return across


@METRICS.register("fmi_edge")
class EdgeInformation(FeatureInformation):
    """FMI of thinned Sobel edges, those of MATLAB's edge(image); MEFB and MFIFB call it FMI."""

    label: ClassVar[str] = "FMI-edge"
    source: ClassVar[str] = f"{_SOURCE}'edge'"

    @staticmethod
    def feature(plane: Tensor) -> Tensor:
        """Return 1 on the crest of responses of more than twice their root mean square, else 0."""
        across, down = edge_responses(plane / 8, middle=2, frame="replicate")
        strength = across.square() + down.square()
        is_strong = strength > _THRESHOLD * strength.mean((-2, -1), keepdim=True)
        crest = torch.zeros_like(is_strong)
        for axis, mine, other in ((-1, across.abs(), down.abs()), (-2, down.abs(), across.abs())):
            before, after = strength.roll(1, axis), strength.roll(-1, axis)
            crest |= (mine >= other - _TIES) & (before <= strength) & (strength > after)
        return (is_strong & crest).to(torch.float64)
