"""How strong the edges of an image are: the magnitude of a 3x3 difference along both axes."""

from typing import Literal

import torch
import torch.nn.functional as nnf
from torch import Tensor

Frame = Literal["constant", "replicate"]


def edge_responses(plane: Tensor, *, middle: int, frame: Frame) -> tuple[Tensor, Tensor]:
    """Return the response along rows and that along columns, each of the same shape.

    Args:
        plane: Levels, float64 [batch, height, width].
        middle: Weight of the middle row and column: 2 is Sobel's, 1 Prewitt's operator.
        frame: "constant" has zeros beyond the frame, "replicate" repeats it.
    """
    padded = nnf.pad(plane[:, None], (1, 1, 1, 1), mode=frame)[:, 0]
    down = padded[:, :-2] + middle * padded[:, 1:-1] + padded[:, 2:]
    across = padded[..., :-2] + middle * padded[..., 1:-1] + padded[..., 2:]
    return down[..., 2:] - down[..., :-2], across[:, 2:] - across[:, :-2]


def edge_strength(plane: Tensor, *, middle: int, frame: Frame) -> Tensor:
    """Return the magnitude of both responses, float64 of the same shape, in units of the levels.

    Args:
        plane: As for `edge_responses`.
        middle: As for `edge_responses`.
        frame: As for `edge_responses`.
    """
    return torch.hypot(*edge_responses(plane, middle=middle, frame=frame))
