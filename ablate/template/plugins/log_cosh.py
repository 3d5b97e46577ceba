"""A penalty of one's own: quadratic for small differences, linear for large ones, smooth."""

import math

from torch import Tensor
from torch.nn.functional import softplus

from ablate import loss_penalty


@loss_penalty("log_cosh")
def log_cosh(difference: Tensor) -> Tensor:
    """Return log(cosh(difference)), written so that large differences do not overflow."""
    size = difference.abs()
    return size + softplus(-2 * size) - math.log(2)
