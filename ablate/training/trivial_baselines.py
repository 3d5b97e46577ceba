"""Fused images that need no training: both sources unchanged, and four rules from textbooks.

A number that a network does not exceed here says little about the network. Scored as a study scores
its networks.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate import metrics
from ablate.data.pairs import Pair, PairSet
from ablate.identity import derive_seed
from ablate.settings.sources import INFRARED_VISIBLE, Sources, sources_of
from ablate.training.probing import crop, scenes
from ablate.training.scoring import Row, image_tensor, to_uint8

LEVELS: Final = 4  # of detail in the Laplacian pyramid
TAPS: Final = (1.0, 4.0, 6.0, 4.0, 1.0)
SMALLEST_PX: Final = 4  # side of the coarsest level
BASE_PX: Final = 31  # window of the mean that splits an image into base and detail
SALIENCY_PX, SALIENCY_SIGMA = 5, 5.0  # radius and deviation of the Gaussian over |Laplacian|
BASE_FILTER: Final = (45, 0.3)  # radius in pixels and eps of the guided filter of base weights
DETAIL_FILTER: Final = (7, 1e-6)

Rule = Callable[[Tensor, Tensor], Tensor]


def laplacian_pyramid(infrared: Tensor, visible: Tensor) -> Tensor:
    """Fuse Laplacian pyramids: the larger magnitude per coefficient, at the coarsest the mean.

    Four levels of detail, fewer where a side would fall below 4 px; the kernel is [1 4 6 4 1] / 16.
    Coefficients of equal magnitude are averaged, so that the sources may be swapped.

    Args:
        infrared: (batch, 1, height, width), in [0, 1].
        visible: Same shape.

    Returns:
        Same shape; may leave [0, 1] a little.

    Source:
        Burt and Adelson, IEEE Trans. Communications 31 (1983), the pyramid; Liu, Liu and Wang,
        Information Fusion 24 (2015), the rules and four levels.
    """
    details: list[Tensor] = []
    one, other = infrared, visible
    while len(details) < LEVELS and min(one.shape[-2:]) >= 2 * SMALLEST_PX:
        smaller = _reduced(one), _reduced(other)
        first = one - _expanded(smaller[0], one)
        second = other - _expanded(smaller[1], other)
        larger = torch.where(first.abs() > second.abs(), first, second)
        details.append(torch.where(first.abs() == second.abs(), (first + second) / 2, larger))
        one, other = smaller
    fused = (one + other) / 2
    for detail in reversed(details):
        fused = detail + _expanded(fused, detail)
    return fused


def guided_filter(infrared: Tensor, visible: Tensor) -> Tensor:
    """Fuse by weights of saliency that a guided filter aligns with the edges of each source.

    Base is the mean over 31 x 31 px, detail the rest; saliency is |Laplacian| under a Gaussian of
    radius 5 and deviation 5; filters of radius 45, eps .3 (base) and radius 7, eps 1e-6 (detail).
    Windows are cut at the frame.

    Args:
        infrared: (batch, 1, height, width), in [0, 1].
        visible: Same shape.

    Returns:
        Same shape; may leave [0, 1] a little.

    Source:
        Li, Kang and Hu, Image Fusion with Guided Filtering, IEEE TIP 22 (2013), with its settings;
        the filter: He, Sun and Tang, ECCV 2010.
    """
    sources = torch.stack([infrared, visible]).double()
    saliency = torch.stack([_saliency(source) for source in sources])
    most = saliency.amax(dim=0)
    bases = torch.stack([box_mean(source, radius=BASE_PX // 2) for source in sources])
    fused = torch.zeros_like(sources[0])
    for layers, (radius, eps) in ((bases, BASE_FILTER), (sources - bases, DETAIL_FILTER)):
        weights = torch.stack(
            [
                guided(source, (own == most).double(), radius=radius, eps=eps).clamp(0, 1)
                for source, own in zip(sources, saliency, strict=True)
            ]
        )
        weights = weights + 1e-12  # where both are 0
        fused += (weights * layers).sum(dim=0) / weights.sum(dim=0)
    return fused.to(infrared.dtype)


TRIVIAL_BASELINES: Final[Mapping[str, Rule]] = {
    "infrared": lambda infrared, visible: infrared,
    "visible": lambda infrared, visible: visible,
    "mean": lambda infrared, visible: (infrared + visible) / 2,
    "max": torch.maximum,
    "laplacian": laplacian_pyramid,
    "guided": guided_filter,
}


def rules_over(sources: Sources) -> tuple[str, ...]:
    """Return the names of all trivial baselines, copies called as their source."""
    return tuple(sources.in_names(name) for name in TRIVIAL_BASELINES)


def fused_by_rules(
    infrared: Tensor, visible: Tensor, sources: Sources = INFRARED_VISIBLE
) -> dict[str, Tensor]:
    """Return the fused image of every trivial baseline, uint8; copies are called as their source.

    Args:
        infrared: (1, 1, height, width), in [0, 1].
        visible: Same shape.
        sources: What the two are called.
    """
    rules = zip(rules_over(sources), TRIVIAL_BASELINES.values(), strict=True)
    return {name: to_uint8(rule(infrared, visible)) for name, rule in rules}


def trivial_baselines(
    pairs: PairSet, settings: Mapping[str, Any], *, seeds: Sequence[int]
) -> dict[str, list[Row]]:
    """Return the per-image test rows of each trivial baseline.

    Args:
        pairs: The study's data.
        settings: Settings of the baseline.
        seeds: Of the runs that they stand beside. A probe of another seed is scored on other crops,
            so there is a row per seed and crop; networks are scored on whole images, once.
    """
    if settings.get("model", {}).get("name") == "probe":
        side = settings["data"]["crop"]
        some = [
            crop(pair, side=side, seed=derive_seed(seed, pair.stem))
            for seed in seeds
            for pair in scenes(pairs.pairs("test"))
        ]
    else:
        some = list(pairs.pairs("test"))
    cpu, sources = torch.device("cpu"), sources_of(settings.get("data"))
    return score_methods(
        some,
        lambda pair: fused_by_rules(
            image_tensor(pair.infrared, cpu), image_tensor(pair.visible, cpu), sources
        ),
        settings=settings,
    )


def score_methods(
    pairs: Sequence[Pair],
    fused: Callable[[Pair], Mapping[str, Tensor]],
    *,
    settings: Mapping[str, Any],
) -> dict[str, list[Row]]:
    """Return test rows by method, each source analysed once for all of them; NaN is None.

    Args:
        pairs: What is scored.
        fused: Returns the fused images of a pair by method, uint8 (1, 1, height, width).
        settings: Names and protocol of the metrics stand in the section `metrics`.
    """
    names, protocol = settings["metrics"]["names"], settings["metrics"]["protocol"]
    rows: dict[str, list[Row]] = {}
    for pair in pairs:
        values = metrics.evaluate_methods(
            infrared=torch.tensor(pair.infrared)[None, None],
            visible=torch.tensor(pair.visible)[None, None],
            fused=fused(pair),
            names=tuple(metrics.usable(names, *pair.infrared.shape, protocol=protocol)),
            protocol=protocol,
        )
        for method, scores in values.items():
            for name, value in scores.items():
                number = float(value[0])
                kept = number if math.isfinite(number) else None
                rows.setdefault(method, []).append(("test", pair.stem, name, kept))
    return rows


def guided(guide: Tensor, image: Tensor, *, radius: int, eps: float) -> Tensor:
    """Return the image under a guided filter whose windows are cut at the frame.

    Args:
        guide: (batch, 1, height, width); its edges are kept.
        image: Same shape.
        radius: Of the window, in pixels.
        eps: Added to the variance of the guide.
    """
    mean, mean_image = (box_mean(one, radius=radius) for one in (guide, image))
    variance = box_mean(guide * guide, radius=radius) - mean * mean
    slope = (box_mean(guide * image, radius=radius) - mean * mean_image) / (variance + eps)
    offset = mean_image - slope * mean
    return box_mean(slope, radius=radius) * guide + box_mean(offset, radius=radius)


def box_mean(image: Tensor, *, radius: int) -> Tensor:
    """Return the mean over a square window of 2 radius + 1 pixels, cut at the frame.

    From running sums: the cost does not depend on the radius. Give float64.
    """
    for dim in (-2, -1):
        side = image.shape[dim]
        sums = F.pad(image.cumsum(dim), (0, 0, 1, 0) if dim == -2 else (1, 0))
        places = torch.arange(side)
        ends, starts = (places + radius + 1).clamp(max=side), (places - radius).clamp(min=0)
        counts = (ends - starts).to(image)
        total = sums.index_select(dim, ends) - sums.index_select(dim, starts)
        image = total / (counts[:, None] if dim == -2 else counts)
    return image


def _saliency(image: Tensor) -> Tensor:
    taps = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]).to(image)
    response = F.conv2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), taps[None, None]).abs()
    distance = torch.arange(-SALIENCY_PX, SALIENCY_PX + 1).to(image)
    kernel = torch.exp(-(distance**2) / (2 * SALIENCY_SIGMA**2))
    return _along_both(response, kernel / kernel.sum(), border="replicate")


def _reduced(image: Tensor) -> Tensor:
    """Return every second pixel of the smoothed image, the first one included."""
    return _along_both(image, torch.tensor(TAPS).to(image) / 16)[..., ::2, ::2]


def _expanded(image: Tensor, like: Tensor) -> Tensor:
    """Return the image at the size of `like`, which has its pixels at every second place."""
    wide = torch.zeros_like(like)
    wide[..., ::2, ::2] = image
    return _along_both(wide, torch.tensor(TAPS).to(image) / 8)


def _along_both(image: Tensor, kernel: Tensor, *, border: str = "reflect") -> Tensor:
    """Return the image convolved with a kernel down and across."""
    half = len(kernel) // 2
    framed = F.pad(image, (half, half, half, half), mode=border)
    down = F.conv2d(framed, kernel[None, None, :, None])
    return F.conv2d(down, kernel[None, None, None, :])
