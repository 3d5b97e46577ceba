"""Low-passes: that of SDNet, on which its choice between the sources is made, and box means."""

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.imaging.padding import pad_one

CORNER, SIDE, CENTRE = 0.0947, 0.1183, 0.1478  # a Gaussian of 1.5 px in four digits, sum 0.9998


def low_pass(image: Tensor, *, padding: str = "zeros") -> Tensor:
    """Return the image smoothed by a 3x3 Gaussian of standard deviation 1.5 px, same shape.

    Args:
        image: (batch, channels, height, width), float.
        padding: "zeros" (as published), "replicate" or "reflect"; "valid" repeats the edge, since
            the shape is kept.

    Raises:
        ShapeError: The image is not (batch, channels, height, width) or too small.

    Source:
        HaoZhang1018/SDNet at bf6a2ee, IR_VIS/utils.py, low_pass.

    Example:
        >>> import torch
        >>> round(low_pass(torch.ones(1, 1, 3, 3))[0, 0, 1, 1].item(), 4)
        0.9998
    """
    framed = pad_one(image, "replicate" if padding == "valid" else padding)
    above, middle, below = framed[..., :-2, :], framed[..., 1:-1, :], framed[..., 2:, :]
    outer = CORNER * (above + below) + SIDE * middle
    inner = SIDE * (above + below) + CENTRE * middle
    return outer[..., :-2] + inner[..., 1:-1] + outer[..., 2:]


def box_blur(image: Tensor, side_px: int) -> Tensor:
    """Return the mean over a square around each pixel, zeros beyond the frame; same shape.

    Args:
        image: (batch, channels, height, width), float.
        side_px: Side of the square, odd.
    """
    return F.avg_pool2d(image, side_px, stride=1, padding=side_px // 2)
