"""Structural similarity with a frame and a target of choice, as repositories have it."""

from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ablate.imaging.gradients import sobel

WINDOW_PX: Final = 11
SIGMA_PX: Final = 1.5
LUMINANCE: Final = 0.01**2  # for data in [0, 1]
CONTRAST: Final = 0.03**2


def dissimilarity(
    *, infrared: Tensor, visible: Tensor, fused: Tensor, to: str, padding: str
) -> Tensor:
    """Return 1 minus the SSIM of the fused image to the sources, in [0, 2].

    Args:
        infrared: (batch, 1, height, width) in [0, 1].
        visible: Same shape.
        fused: Same shape.
        to: "both": the mean of the SSIM to each source; "by_gradient": weighted by the share of
            each in the sum of their mean Sobel magnitudes; "max": to the larger of the two.
        padding: "reflect", "zeros" or "valid", see `ssim`.

    Source:
        models/loss_vif.py of Linfeng-Tang/SwinFusion at ceeec3f (by_gradient, zeros);
        losses/__init__.py of tthinking/DATFuse at 0cd93f1 (max, valid); util/fusion_loss.py of
        YangSun22/TC-MoA at 48e4a54 (both, zeros).
    """
    if to == "max":
        return 1 - ssim(fused, torch.maximum(infrared, visible), padding=padding)
    to_infrared, to_visible = (
        ssim(fused, source, padding=padding) for source in (infrared, visible)
    )
    if to == "both":
        return 1 - (to_infrared + to_visible) / 2
    shares = gradient_shares(infrared, visible)
    return 1 - shares[0] * to_infrared - shares[1] * to_visible


def ssim(one: Tensor, other: Tensor, *, padding: str) -> Tensor:
    """Return the mean SSIM of two images: Gaussian window of 11, standard deviation 1.5.

    Args:
        one: (batch, 1, height, width) in [0, 1].
        other: Same shape.
        padding: "reflect"; "zeros": windows reach into a black frame; "valid": only windows that
            lie inside.

    Source:
        Wang et al., IEEE TIP 2004; Po-Hsun-Su/pytorch-ssim (zeros).
    """
    products = torch.cat([one, other, one * one, other * other, one * other], dim=1)
    mean, mean_other, square, square_other, product = _blurred(products, padding).chunk(5, dim=1)
    variance, variance_other = square - mean**2, square_other - mean_other**2
    covariance = product - mean * mean_other
    alike = (2 * mean * mean_other + LUMINANCE) * (2 * covariance + CONTRAST)
    size = (mean**2 + mean_other**2 + LUMINANCE) * (variance + variance_other + CONTRAST)
    return (alike / size).mean()


def gradient_shares(infrared: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """Return the share of each source in the sum of their mean Sobel magnitudes, over the batch."""
    both = [
        (along_x.abs() + along_y.abs()).mean()
        for along_x, along_y in (sobel(image) for image in (infrared, visible))
    ]
    return both[0] / (both[0] + both[1]), both[1] / (both[0] + both[1])


def _blurred(images: Tensor, padding: str) -> Tensor:
    """Return each channel under the window, one axis after the other."""
    reach = WINDOW_PX // 2
    if padding != "valid":
        mode = "reflect" if padding == "reflect" else "constant"
        images = F.pad(images, (reach,) * 4, mode=mode)
    offsets = torch.arange(-reach, reach + 1, dtype=images.dtype, device=images.device)
    taps = torch.exp(-(offsets**2) / (2 * SIGMA_PX**2))
    channels = images.shape[1]
    kernel = (taps / taps.sum()).expand(channels, 1, 1, -1)
    images = F.conv2d(images, kernel, groups=channels)
    return F.conv2d(images, kernel.transpose(-1, -2), groups=channels)
