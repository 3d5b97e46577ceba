"""Scores of a batch of fused images under a named protocol."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ablate.errors import ConfigError, ShapeError
from ablate.metrics.catalogue import NAMES
from ablate.metrics.contract import METRICS, Metric
from ablate.metrics.images import grey_images
from ablate.metrics.protocol import protocol as find_protocol


def evaluate(
    *,
    infrared: Tensor,
    visible: Tensor,
    fused: Tensor,
    names: Sequence[str] = NAMES,
    protocol: str = "cddfuse-py",
    dtype: torch.dtype = torch.float64,
) -> dict[str, Tensor]:
    """Return one value per image for each metric, keyed by its lower-case name.

    Floats are turned into 8-bit grey levels first. NaN stands for 0/0 and stays; `flags` says why.

    Args:
        infrared: uint8, or float in [0, 1], [batch, 1, height, width].
        visible: The luminance; same shape.
        fused: Same shape.
        names: Metrics, in any case; the order is kept.
        protocol: Bundle of conventions, "cddfuse-py" by default.
        dtype: torch.float64 for anything reported, torch.float32 for monitoring.

    Raises:
        UnknownNameError: No such metric or protocol.
        ConfigError: `dtype` is neither float64 nor float32.
        ShapeError: Unequal shapes, not one channel, or too small for a metric (see `usable`).
        DataError: Floats outside [0, 1] or not finite.

    Example:
        >>> ramp = torch.arange(16, dtype=torch.uint8).expand(1, 1, 16, 16)
        >>> evaluate(infrared=ramp, visible=ramp.mT, fused=ramp, names=["EN"])["en"].item()
        4.0
    """
    conventions = find_protocol(protocol)
    metrics = _metrics(names)
    if dtype not in (torch.float64, torch.float32):
        raise ConfigError(
            f"evaluate: dtype: must be torch.float64 (reported) or torch.float32 (monitoring), "
            f"got {dtype}"
        )
    images = grey_images(infrared=infrared, visible=visible, fused=fused, protocol=conventions)
    height, width = images.side
    refused = [
        f"{metric.label} needs {metric.minimum_side}"
        for metric in metrics.values()
        if min(height, width) < metric.minimum_side
    ]
    if refused:
        raise ShapeError(
            f"evaluate: {height}x{width} px is too small: {', '.join(refused)} px on each side; "
            "score larger images or leave these metrics out (see ablate.metrics.usable)"
        )
    with torch.no_grad(), torch.autocast(device_type=images.fused.device.type, enabled=False):
        return {
            name: metric().score(images, protocol=conventions, dtype=dtype)
            for name, metric in metrics.items()
        }


def usable(names: Sequence[str], height: int, width: int) -> tuple[str, ...]:
    """Return those of `names`, in lower case, that mean something at this size in pixels.

    Example:
        >>> usable(["EN", "VIF"], 40, 64)
        ('en',)
    """
    metrics = _metrics(names)
    return tuple(name for name in metrics if min(height, width) >= metrics[name].minimum_side)


def _metrics(names: Sequence[str]) -> dict[str, type[Metric]]:
    if isinstance(names, str):
        raise ConfigError(f"metrics.names: must be a list of names, got {names!r}; write [{names}]")
    if not names:
        raise ConfigError("metrics.names: is empty; name at least one of " + ", ".join(NAMES))
    return {name.lower(): METRICS.get(name.lower(), where="metrics.names") for name in names}
