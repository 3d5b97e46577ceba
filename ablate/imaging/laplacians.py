"""Second-derivative operators: one response per pixel, sign kept.

Their gain is "raw" or "unit" (divided by the sum of the absolute taps, as kornia normalises).
"""

from torch import Tensor

from ablate.imaging.gradients import Operator
from ablate.imaging.padding import pad_one
from ablate.registry import Registry

LAPLACIANS: Registry[Operator] = Registry("operator")


@LAPLACIANS.register("laplacian")
def laplacian(image: Tensor, *, padding: str = "zeros", gain: str = "raw") -> tuple[Tensor]:
    """Return the sum of the four neighbours minus 4 times the pixel.

    Source:
        hanna-xu/MURF, utils.py, gradient; HaoZhang1018/SDNet, utils.py, gradient.

    Example:
        >>> import torch
        >>> image = torch.zeros(1, 1, 3, 3)
        >>> image[..., 1, 1] = 1
        >>> laplacian(image)[0][0, 0].tolist()
        [[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]
    """
    framed = pad_one(image, padding)
    middle = framed[..., 1:-1, 1:-1]
    beside = framed[..., 1:-1, :-2] + framed[..., 1:-1, 2:]
    above = framed[..., :-2, 1:-1] + framed[..., 2:, 1:-1]
    response = beside + above - 4 * middle
    return (response if gain == "raw" else response / 8,)


@LAPLACIANS.register("laplacian8")
def laplacian8(image: Tensor, *, padding: str = "zeros", gain: str = "raw") -> tuple[Tensor]:
    """Return the sum of the eight neighbours minus 8 times the pixel.

    Source:
        kornia.filters.laplacian with kernel size 3, as in wdhudiekou/UMF-CMGR.
    """
    framed = pad_one(image, padding)
    rows = framed[..., :-2, :] + framed[..., 1:-1, :] + framed[..., 2:, :]
    block = rows[..., :, :-2] + rows[..., :, 1:-1] + rows[..., :, 2:]
    response = block - 9 * framed[..., 1:-1, 1:-1]
    return (response if gain == "raw" else response / 16,)
