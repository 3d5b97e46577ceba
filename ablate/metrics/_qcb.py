"""Chen and Blum's perceptual quality: how much of each source's contrast is kept."""

import functools
from typing import ClassVar

import torch
import torch.nn.functional as nnf
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.contrast_sensitivity import filtered, frequencies
from ablate.metrics.gaussian import window_sum
from ablate.metrics.protocol import Protocol
from ablate.metrics.stretched import stretched

_F0, _F1, _A = 15.3870, 1.3456, 0.7622  # contrast sensitivity, difference of Gaussians
_DEGREES = 30  # pixels per degree
_HALF = 15  # pixels of the windows beside their middle
_NARROW, _WIDE = 2.0, 4.0  # deviations of the windows
_POWERS, _Z = (3, 2), 1e-4


@METRICS.register("qcb")
class ChenBlumQuality(Metric):
    """Local contrast of each source kept in the fused image, after contrast sensitivity."""

    label: ClassVar[str] = "Qcb"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    source: ClassVar[str] = (
        "Chen and Blum 2009; zhengliu6699/imageFusionMetrics metricChenBlum.m (VIFB metricsQcb.m)"
    )

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the mean share; NaN where an image has one level, or a pixel no contrast."""
        score = functools.partial(_score, white=protocol.qcb_white)
        return one_by_one(images, score).to(dtype)


def _score(images: GreyImages, *, white: float) -> Tensor:
    contrast = functools.partial(_contrast, white=white)
    first, second = images.of_sources("qcb", contrast)
    fused = contrast(images.fused)
    weight = first.square() / (first.square() + second.square())
    found = weight * _kept(first, fused) + (1 - weight) * _kept(second, fused)
    return found.mean((-2, -1))


def _kept(source: Tensor, fused: Tensor) -> Tensor:
    return torch.where(source < fused, source / fused, fused / source)


def _contrast(plane: Tensor, *, white: float) -> Tensor:
    """Return the masked contrast of every pixel."""
    height, width = plane.shape[-2:]
    seen = filtered(stretched(plane, white=white), _sensitivity(height, width, plane.device))
    padded = nnf.pad(seen, (_HALF,) * 4)
    near, far = (window_sum(padded, _taps(deviation)) for deviation in (_NARROW, _WIDE))
    contrast = (near / far - 1).abs()
    return contrast ** _POWERS[0] / (contrast ** _POWERS[1] + _Z)


@functools.lru_cache(maxsize=8)
def _sensitivity(height: int, width: int, device: torch.device) -> Tensor:
    down, across = frequencies(height, width, device)
    square = (down * (height / _DEGREES)).square() + (across * (width / _DEGREES)).square()
    return torch.exp(-square / _F0**2) - _A * torch.exp(-square / _F1**2)


@functools.cache
def _taps(deviation: float) -> tuple[float, ...]:
    """Return a Gaussian that is normalised over the whole line, not over its 31 taps."""
    distance = torch.arange(-_HALF, _HALF + 1, dtype=torch.float64)
    weights = torch.exp(-distance.square() / (2 * deviation**2))
    return tuple((weights / (2 * torch.pi * deviation**2) ** 0.5).tolist())
