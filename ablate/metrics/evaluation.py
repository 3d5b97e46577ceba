"""Scores of a batch of fused images under a named protocol."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ablate.errors import ConfigError, ShapeError
from ablate.metrics.catalogue import LABELS, NAMES
from ablate.metrics.contract import METRICS, GreyImages, Memory, Metric
from ablate.metrics.images import grey_images
from ablate.metrics.protocol import Protocol
from ablate.metrics.protocol import protocol as find_protocol
from ablate.metrics.statistics import SourceStatistics


def evaluate(
    *,
    infrared: Tensor,
    visible: Tensor,
    fused: Tensor,
    names: Sequence[str] = NAMES,
    protocol: str = "cddfuse-py",
    dtype: torch.dtype = torch.float64,
    statistics: SourceStatistics | None = None,
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
        statistics: Keeps what is computed of the sources, for later calls with the same ones;
            used for a single image of type uint8 on the CPU.

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
    return evaluate_methods(
        infrared=infrared,
        visible=visible,
        fused={"fused": fused},
        names=names,
        protocol=protocol,
        dtype=dtype,
        statistics=statistics,
    )["fused"]


def evaluate_methods(
    *,
    infrared: Tensor,
    visible: Tensor,
    fused: Mapping[str, Tensor],
    names: Sequence[str] = NAMES,
    protocol: str = "cddfuse-py",
    dtype: torch.dtype = torch.float64,
    statistics: SourceStatistics | None = None,
) -> dict[str, dict[str, Tensor]]:
    """Return what `evaluate` returns for each of several fused images of the same sources.

    What a metric needs of the sources alone is computed once for all of them (batches of one).

    Args:
        infrared: As for `evaluate`.
        visible: As for `evaluate`.
        fused: Fused images by the name of their method.
        names: As for `evaluate`.
        protocol: As for `evaluate`.
        dtype: As for `evaluate`.
        statistics: As for `evaluate`.

    Raises:
        UnknownNameError, ConfigError, ShapeError, DataError: As for `evaluate`.
    """
    conventions = find_protocol(protocol)
    metrics = _metrics(names)
    if dtype not in (torch.float64, torch.float32):
        raise ConfigError(
            f"evaluate: dtype: must be torch.float64 (reported) or torch.float32 (monitoring), "
            f"got {dtype}"
        )
    memory = Memory(holds_maps=len(fused) > 1)
    if statistics and _is_grey_file(infrared) and _is_grey_file(visible):
        memory = statistics.of(
            infrared, visible, protocol=protocol, dtype=dtype, holds_maps=len(fused) > 1
        )
    scores: dict[str, dict[str, Tensor]] = {}
    for method, image in fused.items():
        images = grey_images(
            infrared=infrared, visible=visible, fused=image, protocol=conventions, memory=memory
        )
        _check_side(images.side, metrics, conventions)
        with torch.no_grad(), torch.autocast(device_type=images.fused.device.type, enabled=False):
            scores[method] = {
                name: _one_each(
                    name, metric().score(images, protocol=conventions, dtype=dtype), images
                )
                for name, metric in metrics.items()
            }
    return scores


def _one_each(name: str, values: Tensor, images: GreyImages) -> Tensor:
    if values.shape != (images.batch,):
        raise ShapeError(
            f"metric {name!r}: gave the shape {list(values.shape)} for {images.batch} images; "
            "return one value per image (`ablate check` tries it)"
        )
    return values


def _is_grey_file(image: Tensor) -> bool:
    return image.dtype is torch.uint8 and image.device.type == "cpu" and image.shape[0] == 1


def _check_side(
    side: tuple[int, int], metrics: Mapping[str, type[Metric]], protocol: Protocol
) -> None:
    height, width = side
    refused = [
        f"{metric.label} needs {metric.smallest_side(protocol)}"
        for metric in metrics.values()
        if min(side) < metric.smallest_side(protocol)
    ]
    if refused:
        raise ShapeError(
            f"evaluate: {height}x{width} px is too small: {', '.join(refused)} px on each side; "
            "score larger images or leave these metrics out (see ablate.metrics.usable)"
        )


def usable(
    names: Sequence[str], height: int, width: int, *, protocol: str = "cddfuse-py"
) -> tuple[str, ...]:
    """Return those of `names`, in lower case, that mean something at this size in pixels.

    Example:
        >>> usable(["EN", "VIF"], 40, 64)
        ('en',)
    """
    side, conventions = min(height, width), find_protocol(protocol)
    return tuple(
        name
        for name, metric in _metrics(names).items()
        if side >= metric.smallest_side(conventions)
    )


def least_px(name: str, *, protocol: str = "cddfuse-py") -> int:
    """Return from which side in pixels a metric means something under a protocol.

    Example:
        >>> least_px("vif")
        41
    """
    (metric,) = _metrics([name]).values()
    return metric.smallest_side(find_protocol(protocol))


def _metrics(names: Sequence[str]) -> dict[str, type[Metric]]:
    if isinstance(names, str):
        raise ConfigError(f"metrics.names: must be a list of names, got {names!r}; write [{names}]")
    if not names:
        raise ConfigError("metrics.names: is empty; name at least one of " + ", ".join(LABELS))
    keys = [name.lower().replace("-", "_") for name in names]
    return {key: METRICS.get(key, where="metrics.names") for key in keys}
