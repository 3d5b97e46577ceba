"""Smaller versions of an image, always from full size."""

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.errors import ConfigError

RESAMPLERS = ("bilinear", "antialias", "area")


def resize(image: Tensor, side: tuple[int, int], *, method: str) -> Tensor:
    """Return the image at (height, width) `side`.

    Args:
        image: (batch, channels, height, width).
        side: New height and width, at least 1.
        method: "bilinear" (the paper: corners not aligned, no antialias), "antialias" (bilinear
            with antialias) or "area" (mean over the covered pixels).

    Raises:
        ConfigError: No such method.
    """
    if tuple(image.shape[-2:]) == tuple(side):
        return image
    if method == "area":
        return F.interpolate(image, size=side, mode="area")
    if method not in RESAMPLERS:
        raise ConfigError(f"loss.resampler: {method!r} is not one of {', '.join(RESAMPLERS)}")
    return F.interpolate(
        image, size=side, mode="bilinear", align_corners=False, antialias=method == "antialias"
    )
