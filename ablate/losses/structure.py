"""Structural similarity of the fused image to both sources, as a loss term."""

from kornia.losses import ssim_loss
from torch import Tensor


def ssim_distance(*, infrared: Tensor, visible: Tensor, fused: Tensor) -> Tensor:
    """Return 1 minus the mean SSIM to the two sources, in [0, 2].

    Window 11, Gaussian, data range 1, as kornia computes it.

    Source:
        Wang et al., IEEE TIP 2004; kornia.losses.ssim_loss (half the distance).
    """
    distance: Tensor = ssim_loss(fused, infrared, 11) + ssim_loss(fused, visible, 11)
    return distance
