"""Every metric as a plain function of three images: `ablate.metrics.qabf(infrared=, ...)`."""

import functools
import inspect
from collections.abc import Callable

import torch
from torch import Tensor

from ablate.metrics.contract import METRICS
from ablate.metrics.evaluation import evaluate

_ARGUMENTS = """

Args:
    infrared: uint8, or float in [0, 1], (batch, 1, height, width).
    visible: The luminance; same shape.
    fused: Same shape.
    protocol: The conventions of a published evaluator.
    dtype: torch.float64, or torch.float32 while training is watched.

Returns:
    One value per image, (batch,), from {low:g} to {high:g}; {better} is better. {value}

Raises:
    ShapeError: The images differ in shape, or are smaller than {side} px on a side.
    DataError: Values are not finite or outside of [0, 1].

Source:
    {source}."""


@functools.cache
def function(name: str) -> Callable[..., Tensor]:
    """Return the function of a metric, made of its class.

    Raises:
        UnknownNameError: No metric has this name.

    Example:
        >>> images = torch.rand(3, 1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
        >>> infrared, visible, fused = images
        >>> qabf = function("qabf")
        >>> qabf(infrared=infrared, visible=visible, fused=fused).shape
        torch.Size([1])
        >>> bool(qabf(infrared=visible, visible=visible, fused=visible) > 0.95)
        True
    """
    metric = METRICS.get(name, where="ablate.metrics")

    def score(
        *,
        infrared: Tensor,
        visible: Tensor,
        fused: Tensor,
        protocol: str = "cddfuse-py",
        dtype: torch.dtype = torch.float64,
    ) -> Tensor:
        return evaluate(
            infrared=infrared,
            visible=visible,
            fused=fused,
            names=(name,),
            protocol=protocol,
            dtype=dtype,
        )[name]

    low, high = metric.range
    score.__name__ = score.__qualname__ = name
    score.__module__ = "ablate.metrics"
    score.__doc__ = (inspect.getdoc(metric) or metric.label) + _ARGUMENTS.format(
        low=low,
        high=high,
        better=metric.better,
        value=(inspect.getdoc(metric.score) or "").split("\n", 1)[0],
        side=metric.minimum_side,
        source=metric.source,
    )
    return score
