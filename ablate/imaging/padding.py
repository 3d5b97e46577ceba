"""The frame of one pixel that a 3x3 operator needs."""

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.errors import ConfigError, ShapeError

PADDINGS = {"zeros": "constant", "replicate": "replicate", "reflect": "reflect", "valid": None}


def pad_one(image: Tensor, padding: str) -> Tensor:
    """Return the image with a frame of one pixel; "valid" adds none.

    Args:
        image: (batch, channels, height, width).
        padding: "zeros" (a convolution's own), "replicate" (edge pixel again), "reflect" (mirrored
            without the edge pixel) or "valid" (the response is two pixels smaller).

    Raises:
        ConfigError: No such padding.
        ShapeError: The image does not have this shape, or is too small for the padding.
    """
    if padding not in PADDINGS:
        raise ConfigError(f"loss.padding: {padding!r} is not one of {', '.join(PADDINGS)}")
    if image.ndim != 4:
        raise ShapeError(
            f"gradients: needs (batch, channels, height, width), got {tuple(image.shape)}"
        )
    smallest = {"reflect": 2, "valid": 3}.get(padding, 1)
    if min(image.shape[-2:]) < smallest:
        raise ShapeError(
            f"gradients: {tuple(image.shape[-2:])} is too small for padding {padding!r}, which "
            f"needs {smallest} pixels a side; use zeros or replicate"
        )
    mode = PADDINGS[padding]
    return image if mode is None else F.pad(image, (1, 1, 1, 1), mode=mode)
