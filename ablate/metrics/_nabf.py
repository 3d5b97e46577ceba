"""Edges of the fused image that stand in neither source."""

import functools
import math
from typing import ClassVar, Final

import torch
import torch.nn.functional as nnf
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.protocol import Protocol

_STRENGTH: Final = (0.9999, 19.0, 0.5)  # scale, slope, middle of the sigmoid
_ANGLE: Final = (0.9995, 22.0, 0.5)
_THRESHOLD, _POWER = 2.0, 1.5


@METRICS.register("nabf")
class FusionArtefacts(Metric):
    """Share of edge weight lost where the fused image has stronger edges than both sources."""

    label: ClassVar[str] = "Nabf"
    better: ClassVar[Direction] = "lower"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = "Shreyamsha Kumar 2013; Linfeng-Tang/Image-Fusion analysis_nabf.m"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the share; NaN where no pixel has weight (`nabf_floor` 0 and no edge)."""
        edges = functools.partial(_edges, white=protocol.nabf_white)
        strength, angle = edges(images.fused)
        sources = images.of_sources("nabf", edges)
        is_new = (strength > sources[0][0]) & (strength > sources[1][0])
        lost = torch.zeros(images.batch, dtype=torch.float64, device=strength.device)
        weight = lost.clone()
        for source in sources:
            is_edge = source[0] >= _THRESHOLD
            weights = torch.where(is_edge, source[0] ** _POWER, protocol.nabf_floor)
            weight += weights.sum((-2, -1))
            lost += ((1 - _preserved(*source, strength, angle)) * weights * is_new).sum((-2, -1))
        return (lost / weight).to(dtype)


def _edges(plane: Tensor, *, white: float) -> tuple[Tensor, Tensor]:
    """Return strength and angle of the 3x3 Sobel response, divided by 8, the frame mirrored."""
    padded = nnf.pad(plane.to(torch.float64)[:, None], (1, 1, 1, 1), mode="reflect")[:, 0]
    along_y = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    along_x = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    right = along_y[..., 2:] - along_y[..., :-2]
    down = along_x[:, 2:] - along_x[:, :-2]
    angle = torch.atan(right / down).masked_fill_((right == 0) & (down == 0), 0)
    return (right.square() + down.square()).sqrt() * (white / 255 / 8), angle


def _preserved(strength: Tensor, angle: Tensor, in_fused: Tensor, angle_in_fused: Tensor) -> Tensor:
    weaker, stronger = torch.minimum(strength, in_fused), torch.maximum(strength, in_fused)
    ratio = torch.where(weaker == 0, 0, weaker / stronger)
    alike = ((angle - angle_in_fused).abs() - math.pi / 2).abs() / (math.pi / 2)
    return (_sigmoid(ratio, *_STRENGTH) * _sigmoid(alike, *_ANGLE)).sqrt()


def _sigmoid(value: Tensor, scale: float, slope: float, middle: float) -> Tensor:
    return torch.sigmoid((value - middle) * slope) * scale
