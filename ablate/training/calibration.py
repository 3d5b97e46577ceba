"""The frozen images on which a loss measures the constants of its norm and lambda policy."""

import torch

from ablate.data.pairs import PairSet
from ablate.data.sampling import CropSampler
from ablate.identity import derive_seed
from ablate.losses.total import FusionLoss

CROPS = 16


def calibrate(
    loss: FusionLoss, pairs: PairSet, *, crop_px: int, device: torch.device
) -> dict[str, float]:
    """Return the constants of the loss, measured on crops of train that no seed or arm changes.

    Args:
        loss: Left alone where it needs none.
        pairs: The study's data.
        crop_px: Side of a crop; the constants belong to it.
        device: Where the loss lives.

    Raises:
        ConfigError: The images are flat.
    """
    if not loss.needs_calibration:
        return {}
    sampler = CropSampler(
        pairs.pairs("train"), crop=crop_px, batch_size=CROPS, seed=derive_seed("calibration")
    )
    infrared, visible = (images.to(device) for images in sampler.batch(0))
    return loss.calibrate(infrared=infrared, visible=visible)
