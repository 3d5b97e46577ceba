"""The windows of Piella's quality indices, and the one in which salient windows count more."""

from typing import Final

from torch import Tensor

from ablate.metrics.edges import edge_strength
from ablate.metrics.weighted_structure import weighted

WIDTH: Final = 11  # pixels
CONSTANTS: Final = ((0.01 * 255) ** 2, (0.03 * 255) ** 2)


def salient(first: Tensor, second: Tensor, fused: Tensor) -> Tensor:
    """Return Qw of float64 images [batch, height, width]; NaN where both sources are flat."""
    maps = weighted(first, second, fused, width=WIDTH, constants=CONSTANTS)
    weight = maps.saliency / maps.saliency.sum((-2, -1), keepdim=True)
    return (weight * maps.blend).sum((-2, -1))


def salient_edges(first: Tensor, second: Tensor, fused: Tensor) -> Tensor:
    """Return Qw of the magnitudes of 3x3 Prewitt responses, zeros beyond the frame."""
    edges = [edge_strength(plane, middle=1, frame="constant") for plane in (first, second, fused)]
    return salient(*edges)
