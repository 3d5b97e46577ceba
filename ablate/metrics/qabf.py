"""Edge transfer from both sources to the fused image."""

import functools
import math
from typing import ClassVar, Final

import torch
import torch.nn.functional as nnf
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.protocol import Protocol

_STRENGTH: Final = (0.9994, -15.0, 0.5)  # scale, slope, middle of the sigmoid
_ANGLE: Final = (0.9879, -22.0, 0.8)


@METRICS.register("qabf")
class EdgeTransfer(Metric):
    """Share of the Sobel edges of both sources, strength and angle, found in the fused image."""

    label: ClassVar[str] = "Qabf"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = "Xydeas and Petrovic 2000; CDDFuse utils/Evaluator.py Qabf"

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the share; NaN where neither source has an edge (all black)."""
        if images.fused.is_cuda:
            return _transfer(images, protocol=protocol, dtype=dtype)
        parts = [
            _transfer(images[index], protocol=protocol, dtype=dtype)
            for index in range(images.batch)
        ]
        return torch.cat(parts)


def _transfer(images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
    edges = functools.partial(_edges, padding=protocol.qabf_padding, dtype=dtype)
    fused = edges(images.fused)
    found = torch.zeros(images.batch, dtype=torch.float64, device=images.fused.device)
    weight = found.clone()
    for strength, angle in images.of_sources("qabf", edges):
        kept = _preserved(strength, angle, *fused)
        found += (kept * strength).sum((-2, -1), dtype=torch.float64)
        weight += strength.sum((-2, -1), dtype=torch.float64)
    return (found / weight).to(dtype)


def _edges(plane: Tensor, *, padding: str, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return strength and angle in [-pi/2, pi/2] of the 3x3 Sobel response.

    Only the ratio of the two responses counts, but its sign does: pi/2 stands for both vertical
    directions, so x here grows to the left, as in the reference.
    """
    mode = "constant" if padding == "zeros" else "replicate"
    padded = nnf.pad(plane.to(dtype)[:, None], (1, 1, 1, 1), mode=mode)[:, 0]
    along_y = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    along_x = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    grad_left = along_y[..., :-2] - along_y[..., 2:]
    grad_down = along_x[:, 2:] - along_x[:, :-2]
    angle = torch.atan(grad_down / grad_left).masked_fill_(grad_left == 0, math.pi / 2)
    return (grad_left * grad_left + grad_down * grad_down).sqrt_(), angle


def _preserved(strength: Tensor, angle: Tensor, in_fused: Tensor, angle_in_fused: Tensor) -> Tensor:
    ratio = torch.minimum(strength, in_fused) / torch.maximum(strength, in_fused)
    # the reference takes the strength itself, not 1, where both are equal
    ratio = torch.where(strength == in_fused, in_fused, ratio)
    alike = 1 - (angle - angle_in_fused).abs() / (math.pi / 2)
    return _sigmoid(ratio, *_STRENGTH) * _sigmoid(alike, *_ANGLE)


def _sigmoid(value: Tensor, scale: float, slope: float, middle: float) -> Tensor:
    return torch.sigmoid((value - middle) * -slope) * scale
