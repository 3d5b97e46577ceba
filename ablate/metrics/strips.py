"""Parts of an image that fit into a processor's cache, and sums of logarithms over them."""

from collections.abc import Iterator
from typing import Final

import torch
from torch import Tensor

_ROWS: Final = 64  # a few temporaries of 64 x 640 stay in a cache of 1 to 2 MiB
_SAFE_HALVINGS: Final = 2  # products of up to 7 factors below 2**14 stay below 2**98


def strips(rows: int, *, device: torch.device) -> Iterator[slice]:
    """Yield the rows of an image in equal strips on a CPU, all of them together elsewhere.

    On a CPU large temporaries cost more than the arithmetic: each is fresh memory.

    Example:
        >>> [part.stop - part.start for part in strips(70, device=torch.device("cpu"))]
        [24, 24, 22]
    """
    count = max(1, -(-rows // _ROWS)) if device.type == "cpu" else 1
    height = -(-rows // count)
    for start in range(0, rows, height):
        yield slice(start, min(start + height, rows))


def log_sum(ratio: Tensor) -> Tensor:
    """Return the sum of log(1 + ratio) over the last two axes, float64; overwrites the ratio.

    One logarithm per column and strip, of a product: a logarithm costs as much as ten products.

    Args:
        ratio: In [0, 2**14), at most 64 rows on a CPU.
    """
    factors = ratio.add_(1)
    if ratio.device.type != "cpu":
        return factors.log_().sum((-2, -1), dtype=torch.float64)
    halvings = 0
    while factors.shape[-2] > 1:
        if halvings == _SAFE_HALVINGS:
            factors = factors.to(torch.float64)
        half, rest = divmod(factors.shape[-2], 2)
        product = factors[..., :half, :] * factors[..., half : 2 * half, :]
        if rest:
            product[..., :1, :] *= factors[..., -1:, :]
        factors, halvings = product, halvings + 1
    return factors.to(torch.float64).log_().sum((-2, -1))
