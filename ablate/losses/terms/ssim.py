"""One minus the structural similarity to one source, to both, or to an image made of both."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.losses.shares import CHOICES, infrared_share
from ablate.losses.structure import CONTRAST, LUMINANCE, smoothed
from ablate.losses.terms.contract import TERMS, Images, target_of
from ablate.settings.setting import field

SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # weights of MS-SSIM, finest first
BOTH = ("both",)


@dataclass(frozen=True, slots=True, kw_only=True)
class SsimSettings:
    """What the fused image is compared with, and through which window."""

    to: str = field(
        "name",
        "both",
        choices=("both", "infrared", "visible", "max", "mean"),
        meaning="both: the distances to both sources, mixed by the share of the infrared; max, "
        "mean: the distance to that of the sources.",
    )
    share: str = field(
        "name",
        "fixed",
        choices=CHOICES,
        only_with={"to": BOTH},
        meaning="The share of the infrared: infrared_share, or its part in the mean Sobel "
        "magnitudes or the entropies of both sources.",
    )
    infrared_share: float = field(
        "float",
        0.5,
        low=0,
        high=1,
        only_with={"to": BOTH, "share": ("fixed",)},
        meaning="Share of the infrared.",
    )
    window_px: int = field("int", 11, low=2, high=255, unit="px", meaning="Side of the window.")
    deviation_px: float = field(
        "float", 1.5, above=0, unit="px", meaning="Standard deviation of the window's Gaussian."
    )
    padding: str = field(
        "name",
        "reflect",
        choices=("reflect", "zeros", "valid"),
        meaning="What windows see beyond the frame; valid: only windows that lie inside.",
    )
    scales: int = field(
        "int",
        1,
        low=1,
        high=5,
        meaning="Scales of MS-SSIM, each half the one before; 1: plain SSIM.",
    )
    negative: str = field(
        "name",
        "kept",
        choices=("kept", "clamped", "shifted"),
        meaning="clamped: a similarity below 0 counts as 0; shifted: s counts as (s + 1) / 2.",
    )
    last_scale: str = field(
        "name",
        "once",
        choices=("once", "at_every_scale"),
        only_with={"scales": (2, 3, 4, 5)},
        meaning="How often the similarity at the last scale is a factor; at_every_scale: as often "
        "as there are scales before it, as repositories with `msssim(normalize=True)` have it.",
    )
    added: float = field(
        "float",
        1e-12,
        low=0,
        high=1e-3,
        meaning="Added to denominators; kornia adds 1e-12, others nothing.",
    )


@TERMS.register("ssim", settings=SsimSettings)
def ssim(images: Images, settings: SsimSettings) -> Tensor:
    """Return 1 - SSIM around each pixel, (batch, 1, height, width); of MS-SSIM one per image.

    Source:
        Wang et al., IEEE TIP 2004; Wang et al., Asilomar 2003 (several scales).
    """
    infrared, visible = images.infrared, images.visible
    if settings.to == "both":
        by, fixed = settings.share, settings.infrared_share
        share = infrared_share(infrared, visible, by=by, fixed=fixed)
        hot, lit = (_distance(source, images.fused, settings) for source in (infrared, visible))
        return share * hot + (1 - share) * lit
    target = target_of(infrared, visible, settings.to)
    return _distance(target, images.fused, settings)


def _distance(source: Tensor, fused: Tensor, settings: SsimSettings) -> Tensor:
    if settings.scales == 1:
        similar, contrast = _similarity(source, fused, settings)
        return 1 - _bounded(similar * contrast, settings)
    weights = SCALES[: settings.scales]
    total = sum(weights) if settings.scales < len(SCALES) else 1.0  # published ones sum to 1.0001
    factors = []
    for _ in weights:
        similar, contrast = _similarity(source, fused, settings)
        factors.append(contrast.mean(dim=(1, 2, 3), keepdim=True))
        last = (similar * contrast).mean(dim=(1, 2, 3), keepdim=True)
        source, fused = (F.avg_pool2d(image, 2) for image in (source, fused))
    times = settings.scales - 1 if settings.last_scale == "at_every_scale" else 1
    factors[-1:] = [last] * times
    weights = (*weights[:-1], *weights[-1:] * times)
    powers = [
        _bounded(each, settings).clamp_min(1e-12) ** (weight / total)
        for each, weight in zip(factors, weights, strict=True)
    ]
    return 1 - torch.stack(powers).prod(dim=0)


def _bounded(similar: Tensor, settings: SsimSettings) -> Tensor:
    if settings.negative == "shifted":
        return (similar + 1) / 2
    return similar.clamp_min(0) if settings.negative == "clamped" else similar


def _similarity(one: Tensor, other: Tensor, settings: SsimSettings) -> tuple[Tensor, Tensor]:
    """Return luminance, and contrast times structure, around each pixel."""
    stacked = torch.cat([one, other, one * one, other * other, one * other], dim=1)
    means = smoothed(
        stacked,
        padding=settings.padding,
        window_px=settings.window_px,
        deviation_px=settings.deviation_px,
    )
    first, second, first_2, second_2, both = means.chunk(5, dim=1)
    luminance = first.square() + second.square() + LUMINANCE
    variances = first_2 - first.square() + second_2 - second.square() + CONTRAST
    similar = (2 * first * second + LUMINANCE) / (luminance + settings.added)
    contrast = (2 * (both - first * second) + CONTRAST) / (variances + settings.added)
    return similar, contrast
