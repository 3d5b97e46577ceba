"""Structural similarity of the fused image to the sources over five scales."""

from typing import ClassVar, Final

import torch
import torch.nn.functional as nnf
from torch import Tensor

from ablate.metrics.catalogue import Direction
from ablate.metrics.contract import METRICS, GreyImages, Metric
from ablate.metrics.protocol import Protocol
from ablate.metrics.structure import SIDE, Windowed, compared, windowed

_EXPONENTS: Final = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # fine to coarse


@METRICS.register("ms_ssim")
class MultiScaleStructuralSimilarity(Metric):
    """MS-SSIM(infrared, fused) and MS-SSIM(visible, fused), added or averaged as SSIM is.

    Gaussian windows 11x11, means of 2x2 pixels between the scales; a negative factor counts 0.
    """

    label: ClassVar[str] = "MS-SSIM"
    better: ClassVar[Direction] = "higher"
    range: ClassVar[tuple[float, float]] = (0.0, 2.0)
    source: ClassVar[str] = "Wang et al. 2003; Metric_Python ssim.py ms_ssim (pytorch-msssim)"
    minimum_side: ClassVar[int] = (SIDE["gaussian"] - 1) * 2 ** (len(_EXPONENTS) - 1) + 1

    def score(self, images: GreyImages, *, protocol: Protocol, dtype: torch.dtype) -> Tensor:
        """Return the sum or the mean, computed in float64 in any `dtype`."""
        fused = _scales(images.fused)
        parts = [
            _similarity(source, fused, value_range=protocol.ms_ssim_range)
            for source in images.of_sources("ms_ssim", _scales)
        ]
        total = parts[0] + parts[1]
        return (total / 2 if protocol.ssim_of_sources == "mean" else total).to(dtype)


def _scales(plane: Tensor) -> tuple[Windowed, ...]:
    found = [windowed(plane, window="gaussian")]
    for _ in _EXPONENTS[1:]:
        image = found[-1].image
        odd = [side % 2 for side in image.shape[-2:]]
        halved = nnf.avg_pool2d(image[:, None], kernel_size=2, padding=odd)[:, 0]
        found.append(windowed(halved, window="gaussian"))
    return tuple(found)


def _similarity(
    source: tuple[Windowed, ...], fused: tuple[Windowed, ...], *, value_range: float
) -> Tensor:
    product = torch.ones(fused[0].image.shape[0], dtype=torch.float64, device=fused[0].mean.device)
    for scale, exponent in enumerate(_EXPONENTS):
        whole, structure = compared(
            source[scale], fused[scale], window="gaussian", value_range=value_range
        )
        factor = whole if scale == len(_EXPONENTS) - 1 else structure
        product = product * factor.clamp_min(0) ** exponent
    return product
