"""Cvejic's quality index: similarity to each source by the covariance it shares."""

import functools
from typing import ClassVar, Literal

import torch
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric, one_by_one
from ablate.metrics.protocol import Protocol
from ablate.metrics.weighted_structure import of_images

_WIDTH = 7
_CONSTANTS = (2e-16, 2e-16)


@METRICS.register("qc")
class CvejicQuality(Metric):
    """SSIM to both sources in 7x7 windows, weighted by the covariance of each with the fused image.

    Where the two covariances differ in sign, only the source of the larger one counts. Under mefb
    and mfifb such a window counts 0 or 1, as in the published code, so that it matters which source
    is the first.
    """

    label: ClassVar[str] = "Qc"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    source: ClassVar[str] = "Cvejic et al. 2005; zhengliu6699/imageFusionMetrics metricCvejic.m (1)"
    minimum_side: ClassVar[int] = 11

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the mean over windows whose covariances do not add up to 0; NaN if there is none.

        A constant fused image has none.
        """
        score = functools.partial(_score, clamps=protocol.qc_clamps)
        return one_by_one(images, score).to(dtype)


def _score(images: GreyImages, *, clamps: Literal["share", "quality"]) -> Tensor:
    maps = of_images(images, width=_WIDTH, constants=_CONSTANTS)
    share = maps.with_first / (maps.with_first + maps.with_second)
    inside = share.clamp(0, 1)
    found = inside * maps.to_first + (1 - inside) * maps.to_second
    if clamps == "quality":
        found = torch.where(share == inside, found, inside)
    return found.nanmean((-2, -1))
