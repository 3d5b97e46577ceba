"""Feature mutual information of edges."""

from typing import ClassVar

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.edges import edge_responses
from ablate.metrics.feature_information import feature_information
from ablate.metrics.protocol import Protocol

_THRESHOLD = 4  # times the mean squared response
_TIES = 100 * 2.0**-52


@METRICS.register("fmi_edge")
class EdgeInformation(Metric):
    """FMI of thinned Sobel edges, those of MATLAB's edge(image); MEFB and MFIFB call it FMI."""

    label: ClassVar[str] = "FMI-edge"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = (
        "Haghighat et al. 2011, Haghighat and Razian 2014; xingchenzhang/MEFB metricsFMI.m, "
        "feature 'edge'"
    )
    minimum_side: ClassVar[int] = 3

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the mean over windows; 1 where all three images are constant."""
        return one_by_one(images, _score).to(dtype)


def _score(images: GreyImages) -> Tensor:
    first, second = (_edges(source) for source in images.sources)
    return feature_information(images, first, second, _edges(images.fused))


def _edges(plane: Tensor) -> Tensor:
    """Return 1 on the crest of responses of more than twice their root mean square, else 0."""
    across, down = edge_responses(plane.to(torch.float64) / 8, middle=2, frame="replicate")
    strength = across.square() + down.square()
    is_strong = strength > _THRESHOLD * strength.mean((-2, -1), keepdim=True)
    crest = torch.zeros_like(is_strong)
    for axis, mine, other in ((-1, across.abs(), down.abs()), (-2, down.abs(), across.abs())):
        before, after = strength.roll(1, axis), strength.roll(-1, axis)
        crest |= (mine >= other - _TIES) & (before <= strength) & (strength > after)
    return (is_strong & crest).to(torch.float64)
