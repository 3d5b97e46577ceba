"""Edge transfer from both sources to the fused image."""

import functools
import math
from collections.abc import Callable, Sequence
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
_LARGEST: Final = 4 * 255  # response of the Sobel kernel to grey levels
_SPAN: Final = 2 * _LARGEST + 1


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
    found = torch.zeros(images.batch, dtype=torch.float64, device=images.fused.device)
    weight = torch.zeros_like(found)
    for part in strips(images.side[0], device=images.fused.device):
        sources, strongest = images.held(
            ("qabf", part.start), functools.partial(_source_edges, images.sources, part, edges)
        )
        fused = edges(images.fused, part)
        for strength, angle in sources:
            found += _preserved(strength, angle, *fused)
        weight += strongest
    return (found / weight).to(dtype)


def _source_edges(
    sources: Sequence[Tensor], part: slice, edges: Callable[[Tensor, slice], Edges]
) -> tuple[list[Edges], Tensor]:
    """Return the edges of each source in some rows, and the sum of all their strengths."""
    found = [edges(source, part) for source in sources]
    sums = [strength.sum((-2, -1), dtype=torch.float64) for strength, _ in found]
    return found, torch.stack(sums).sum(0)


def _edges(plane: Tensor, part: slice, *, padding: str, dtype: torch.dtype) -> Edges:
    """Return strength and angle in [-pi/2, pi/2] of the 3x3 Sobel response in some rows.

    Only the ratio of the two responses counts, but its sign does: pi/2 stands for both vertical
    directions, so x here grows to the left, as in the reference.
    """
    rows = plane.shape[1]
    first, last = max(0, part.start - 1), min(rows, part.stop + 1)
    frame = (1, 1, int(part.start == 0), int(part.stop == rows))
    mode = "constant" if padding == "zeros" else "replicate"
    levels = plane[:, None, first:last].to(torch.float32)  # exact: all are whole numbers
    padded = nnf.pad(levels, frame, mode=mode)[:, 0]
    along_y = torch.add(padded[:, :-2], padded[:, 1:-1], alpha=2).add_(padded[:, 2:])
    grad_left = along_y[..., :-2] - along_y[..., 2:]
    along_x = torch.add(padded[..., :-2], padded[..., 1:-1], alpha=2).add_(padded[..., 2:])
    grad_down = along_x[:, 2:] - along_x[:, :-2]
    angle = _angle(grad_down, grad_left, dtype)
    return grad_left.square_().addcmul_(grad_down, grad_down).to(dtype).sqrt_(), angle


def _angle(grad_down: Tensor, grad_left: Tensor, dtype: torch.dtype) -> Tensor:
    if grad_down.is_cuda:
        return _arctan(grad_down.to(dtype), grad_left.to(dtype))
    place = torch.add(grad_left, grad_down, alpha=_SPAN).add_(_LARGEST * (_SPAN + 1))
    return _angles(dtype).index_select(0, place.to(torch.int32).flatten()).view(place.shape)


@functools.cache
def _angles(dtype: torch.dtype) -> Tensor:
    """Return the angle of every pair of responses: a look-up costs a fifth of an arctangent.

    32 MiB in float64; images use little of it, so that it stays in the processor's cache.
    """
    response = torch.arange(-_LARGEST, _LARGEST + 1).to(dtype)
    return _arctan(response[:, None], response[None]).flatten()


def _arctan(grad_down: Tensor, grad_left: Tensor) -> Tensor:
    return torch.atan(grad_down / grad_left).masked_fill_(grad_left == 0, math.pi / 2)


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
