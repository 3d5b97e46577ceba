"""Edge transfer from both sources to the fused image."""

import functools
import math
from collections.abc import Callable
from typing import ClassVar, Final

import torch
import torch.nn.functional as nnf
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.protocol import Protocol
from ablate.metrics.strips import strips

Edges = tuple[Tensor, Tensor]  # strength and angle
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
    sources = images.of_sources("qabf", functools.partial(_source, edges=edges))
    found = torch.zeros(images.batch, dtype=torch.float64, device=images.fused.device)
    for part in strips(images.side[0], device=images.fused.device):
        fused = edges(images.fused, part)
        for strength, angle, _ in sources:
            found += _preserved(strength[:, part], angle[:, part], *fused)
    return (found / (sources[0][2] + sources[1][2])).to(dtype)


def _source(plane: Tensor, *, edges: Callable[[Tensor, slice], Edges]) -> tuple[Tensor, ...]:
    """Return strength and angle of a source, and the sum of the strengths."""
    parts = [edges(plane, part) for part in strips(plane.shape[1], device=plane.device)]
    strength, angle = (torch.cat(maps, dim=1) for maps in zip(*parts, strict=True))
    return strength, angle, strength.sum((-2, -1), dtype=torch.float64)


def _edges(plane: Tensor, part: slice, *, padding: str, dtype: torch.dtype) -> Edges:
    """Return strength and angle in [-pi/2, pi/2] of the 3x3 Sobel response in some rows.

    Only the ratio of the two responses counts, but its sign does: pi/2 stands for both vertical
    directions, so x here grows to the left, as in the reference.
    """
    rows = plane.shape[1]
    first, last = max(0, part.start - 1), min(rows, part.stop + 1)
    frame = (1, 1, int(part.start == 0), int(part.stop == rows))
    mode = "constant" if padding == "zeros" else "replicate"
    padded = nnf.pad(plane[:, None, first:last].to(dtype), frame, mode=mode)[:, 0]
    along_y = torch.add(padded[:, :-2], padded[:, 1:-1], alpha=2).add_(padded[:, 2:])
    grad_left = along_y[..., :-2] - along_y[..., 2:]
    along_x = torch.add(padded[..., :-2], padded[..., 1:-1], alpha=2).add_(padded[..., 2:])
    grad_down = along_x[:, 2:] - along_x[:, :-2]
    angle = torch.atan(grad_down / grad_left).masked_fill_(grad_left == 0, math.pi / 2)
    return grad_left.square_().addcmul_(grad_down, grad_down).sqrt_(), angle


def _preserved(strength: Tensor, angle: Tensor, in_fused: Tensor, angle_in_fused: Tensor) -> Tensor:
    """Return the strength of the source that the fused image keeps, summed."""
    stronger = torch.maximum(strength, in_fused)
    ratio = torch.minimum(strength, in_fused).div_(stronger)
    # the reference takes the strength itself, not 1, where both are equal
    ratio = torch.where(strength == in_fused, in_fused, ratio)
    alike = torch.sub(angle, angle_in_fused, out=stronger).abs_().mul_(-2 / math.pi).add_(1)
    kept = _sigmoid(ratio, *_STRENGTH).mul_(_sigmoid(alike, *_ANGLE)).mul_(strength)
    return kept.sum((-2, -1), dtype=torch.float64)


def _sigmoid(value: Tensor, scale: float, slope: float, middle: float) -> Tensor:
    """Return the scaled sigmoid; overwrites the value."""
    return value.sub_(middle).mul_(-slope).sigmoid_().mul_(scale)
