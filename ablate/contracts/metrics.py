"""The contract of a metric: a number per image, the same alone and in a batch, in its range."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ablate.contracts.trying import pair
from ablate.metrics.contract import METRICS, GreyImages, Memory, Metric
from ablate.metrics.protocol import PROTOCOLS, Protocol

LEAST_PX = 96
CLOSE = 1e-9


def faults(name: str) -> Iterator[str]:
    """Yield every broken part of the contract of one metric."""
    metric = METRICS.get(name)
    protocol = next(iter(PROTOCOLS.values()))
    low, high = metric.range
    if not low <= high:
        yield f"range is {metric.range}; write (least, largest)"
        return
    if not metric.source.strip():
        yield 'source is empty; say where it is published, or source = "own"'
    side_px = max(LEAST_PX, metric.smallest_side(protocol))
    images = _grey(*pair(batch=3, height_px=side_px, width_px=side_px + 5))
    before = images.fused.clone()
    values = _score(metric, images, protocol)
    if not isinstance(values, Tensor) or values.shape != (3,):
        shape = list(values.shape) if isinstance(values, Tensor) else type(values).__name__
        yield f"3 images gave {shape}, not the shape [3]; return one value per image"
        return
    if values.dtype != torch.float64:
        yield f"returned {values.dtype} where torch.float64 was asked; end with .to(dtype)"
    if not torch.equal(before, images.fused):
        yield "changes the images that it is given; work on a copy"
    if not bool(torch.isfinite(values).all()):
        yield f"gave {_shown(values)} on ordinary images; only 0/0 may be NaN"
        return
    if bool(((values < low - CLOSE) | (values > high + CLOSE)).any()):
        yield f"gave {_shown(values)}, outside its range {metric.range}; declare the right range"
    singles = torch.cat([_score(metric, images[index], protocol) for index in range(3)])
    if not torch.allclose(values, singles, rtol=CLOSE, atol=CLOSE):
        yield (
            f"a batch gave {_shown(values)}, its images alone {_shown(singles)}; keep images apart "
            "(flatten from axis 1, mean over the last axes)"
        )
    yield from _with_memory(metric, images[0], singles[:1], protocol)
    yield from _degenerate(metric, protocol, side_px=side_px)


def _with_memory(
    metric: type[Metric], images: GreyImages, alone: Tensor, protocol: Protocol
) -> Iterator[str]:
    kept = GreyImages(
        infrared=images.infrared, visible=images.visible, fused=images.fused, memory=Memory()
    )
    twice = [_score(metric, kept, protocol) for _ in range(2)]
    if not all(torch.allclose(one, alone, rtol=CLOSE, atol=CLOSE) for one in twice):
        yield (
            "gives another value when what it computed of the sources is kept (of_sources); keep "
            "there what the sources alone decide"
        )


def _degenerate(metric: type[Metric], protocol: Protocol, *, side_px: int) -> Iterator[str]:
    """Yield a fault for flat images that raise, or give what is neither NaN nor in the range."""
    flat = torch.full((1, side_px, side_px), 100, dtype=torch.uint8)
    textured = _grey(*pair(height_px=side_px, width_px=side_px)).infrared
    low, high = metric.range
    for what, infrared, visible, fused in (
        ("all images constant", flat, flat, flat),
        ("all images black", flat * 0, flat * 0, flat * 0),
        ("a constant fused image", textured, textured.flip(-1), flat),
        ("constant sources", flat, flat, textured),
    ):
        images = GreyImages(infrared=infrared, visible=visible, fused=fused)
        try:
            value = float(_score(metric, images, protocol).item())
        except Exception as error:
            yield (
                f"raises {type(error).__name__} on {what}: {error}; let 0/0 be NaN and count it "
                "nowhere"
            )
            continue
        if not math.isnan(value) and not low - CLOSE <= value <= high + CLOSE:
            yield f"gives {value:g} on {what}, outside its range; return NaN for 0/0"


def _score(metric: type[Metric], images: GreyImages, protocol: Protocol) -> Tensor:
    return metric().score(images, protocol=protocol, dtype=torch.float64)


def _grey(infrared: Tensor, visible: Tensor, fused: Tensor) -> GreyImages:
    grey = [(image[:, 0] * 255).round().to(torch.uint8) for image in (infrared, visible, fused)]
    return GreyImages(infrared=grey[0], visible=grey[1], fused=grey[2])


def _shown(values: Tensor) -> str:
    return ", ".join(f"{value:.4g}" for value in values.flatten().tolist())
