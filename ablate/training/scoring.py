"""Score fused images of a split: one row per image and metric, and the means."""

import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ablate import metrics
from ablate.data.pairs import Pair
from ablate.errors import DivergedError
from ablate.metrics.statistics import SourceStatistics
from ablate.stats.health import Health, examine
from ablate.training.determinism import laid_out, precision

BATCH_PX = 2**20  # fused at a time on a GPU: three images of 640x480
Row = tuple[str, str, str, float | None]
HEALTHY = "val/healthy"  # recorded at rungs and at the end: 1 for healthy, else 0
FEW = 4  # images that are examined to find dead runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Rows of a split, and the health of the images that they are of."""

    rows: list[Row]
    health: Health | None = None  # None for tasks that fuse nothing

    @property
    def healthy(self) -> dict[str, float]:
        """Return the health as a metric, to be recorded beside the others."""
        return {} if self.health is None else {HEALTHY: float(self.health.state == "healthy")}


def health_of(pairs: Sequence[Pair], fused: Sequence[Tensor]) -> Health:
    """Return the health of fused images, (1, 1, height, width) each."""
    return examine(
        (pair.infrared, pair.visible, to_uint8(image).cpu().numpy().squeeze())
        for pair, image in zip(pairs, fused, strict=True)
    )


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode, without gradients; every layer gets its own mode back.

    So scores are those of the saved network, and scoring moves no statistics of the training and
    draws none of its random numbers.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def image_tensor(image: np.ndarray, device: torch.device) -> Tensor:
    """Return a uint8 image as (1, 1, height, width) float32 in [0, 1]."""
    return (torch.tensor(image, device=device).float() / 255)[None, None]


def fuse_all(
    model: nn.Module,
    pairs: Sequence[Pair],
    *,
    device: torch.device,
    arithmetic: str = "fp32",
    layout: torch.memory_format = torch.contiguous_format,
    tick: Callable[[], None] = lambda: None,
) -> list[Tensor]:
    """Return the fused image of every pair, (1, 1, height, width) float32 on the device.

    On a GPU neighbours of one size are fused together, at most `BATCH_PX` pixels at a time; which
    ones follows from the pairs alone, so that values repeat. On a CPU each is fused alone, with the
    channels of a pixel together in memory: batches of two take a third more time an image there,
    and this layout takes a quarter to a half less, at values that differ by some 1e-7.

    Args:
        model: Called with infrared= and visible=; the mode of every layer stays.
        pairs: What to fuse.
        device: Where the model lies.
        arithmetic: Of the network, "fp32" or "bf16".
        layout: In which it is trained; also used on a CPU by a network that refuses the other.
        tick: Called after every batch.

    Raises:
        DivergedError: A fused image is not finite.
    """
    used = torch.channels_last if device.type == "cpu" else layout

    def fused(some: Sequence[Pair], layout: torch.memory_format) -> Tensor:
        infrared, visible = (
            laid_out(torch.cat([image_tensor(image, device) for image in images]), layout)
            for images in ([pair.infrared for pair in some], [pair.visible for pair in some])
        )
        with evaluating(model), precision(arithmetic, device):
            made: Tensor = model(infrared=infrared, visible=visible)
        return made.float()

    found: list[Tensor] = []
    for some in batches(pairs, most_px=0 if device.type == "cpu" else BATCH_PX):
        try:
            images = fused(some, used)
        except RuntimeError as error:  # a network may `view` what it takes to lie plane by plane
            if used is layout or "view size is not compatible" not in str(error):
                raise
            used = layout
            images = fused(some, used)
        for pair, image in zip(some, images, strict=True):
            if not bool(torch.isfinite(image).all()):
                raise DivergedError(f"the fused image of {pair.stem} is not finite")
        tick()
        found += list(images[:, None])
    return found


def batches(pairs: Sequence[Pair], *, most_px: int) -> Iterator[Sequence[Pair]]:
    """Yield neighbours of one size, as many as have at most so many pixels, at least one."""
    start = 0
    for end in range(1, len(pairs) + 1):
        shape = pairs[start].infrared.shape
        is_full = (end - start + 1) * math.prod(shape) > most_px
        if end == len(pairs) or is_full or pairs[end].infrared.shape != shape:
            yield pairs[start:end]
            start = end


def to_uint8(image: Tensor) -> Tensor:
    """Return the image rounded to 8 bits; NaN stays out: check before calling."""
    return (image.detach().clamp(0, 1) * 255).round().to(torch.uint8)


def score(
    pairs: Sequence[Pair],
    fused: Sequence[Tensor],
    *,
    split: str,
    names: Sequence[str],
    protocol: str,
    tick: Callable[[], None] = lambda: None,
    cache: Path | None = None,
) -> list[Row]:
    """Return (split, image, metric, value) for every pair; NaN is None.

    Metrics that refuse an image of that size (VIF below 41 pixels) are left out for it. `tick` is
    called after every image; what is computed of the sources is kept in the folder `cache`.
    """
    rows: list[Row] = []
    for pair, image in zip(pairs, fused, strict=True):
        height, width = image.shape[-2:]
        usable = metrics.usable(names, height, width, protocol=protocol)
        if not usable:
            continue
        values = metrics.evaluate(
            infrared=torch.tensor(pair.infrared)[None, None],
            visible=torch.tensor(pair.visible)[None, None],
            fused=to_uint8(image).cpu(),
            names=usable,
            protocol=protocol,
            statistics=_statistics(cache) if cache else None,
        )
        for name, value in values.items():
            number = float(value[0])
            rows.append((split, pair.stem, name, number if math.isfinite(number) else None))
        tick()
    return rows


@functools.lru_cache(maxsize=2)
def _statistics(cache: Path) -> SourceStatistics:
    """Return the statistics in a folder; a worker holds them from one run to the next."""
    return SourceStatistics(cache / "statistics")


def means(rows: Sequence[Row]) -> dict[str, float]:
    """Return the mean per "split/metric" over the images whose value is a number."""
    sums: dict[str, list[float]] = {}
    for split, _, name, value in rows:
        if value is not None:
            sums.setdefault(f"{split}/{name}", []).append(value)
    return {key: math.fsum(values) / len(values) for key, values in sums.items()}


def save_png(image: Tensor, path: Path) -> Path:
    """Write one grey image in [0, 1] as an 8-bit PNG and return its path."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(to_uint8(image).cpu().numpy().squeeze()).save(path)
    return path
