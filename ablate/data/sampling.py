"""Random training crops: batch number k depends on (seed, k) and on nothing before it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ablate.data.pairs import Pair
from ablate.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor


class CropSampler:
    """Draws square crops, changed at random, the same for every arm that has the seed.

    Args:
        pairs: The training pairs.
        crop: Side of a crop, in pixels.
        batch_size: Crops per batch.
        seed: Start of the stream.
        augment: How a crop is changed: "none", "mirror" (left-right), "flips" (both axes) or
            "flips_and_turns" (the 8 symmetries of a square, each as likely).

    Raises:
        DataError: An image is smaller than the crop.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        *,
        crop: int,
        batch_size: int,
        seed: int,
        augment: str = "mirror",
    ) -> None:
        for pair in pairs:
            if min(pair.infrared.shape) < crop:
                height, width = pair.infrared.shape
                raise DataError(
                    f"{pair.stem}: {width}x{height} is smaller than data.crop = {crop}; set it to "
                    f"{min(height, width)} or less, or data.small to pad"
                )
        self._pairs, self._crop, self._batch_size, self._seed = pairs, crop, batch_size, seed
        self._augment = augment
        self._crops = np.empty((2, batch_size, 1, crop, crop), np.uint8)

    def batch(self, step: int) -> "tuple[Tensor, Tensor]":
        """Return (infrared, visible) of one step, each (batch, 1, crop, crop) float32 in [0, 1]."""
        import torch  # here: `ablate data` reads every module of this folder, and trains nothing

        random = np.random.default_rng([self._seed, step])
        crops = self._crops  # the same memory every time: fresh pages cost as much as the copies
        both = torch.from_numpy(crops)
        for index in range(self._batch_size):
            pair = self._pairs[int(random.integers(len(self._pairs)))]
            height, width = pair.infrared.shape
            top = random.integers(height - self._crop + 1)
            left = random.integers(width - self._crop + 1)
            for side, image in enumerate((pair.infrared, pair.visible)):
                crops[side, index, 0] = image[top : top + self._crop, left : left + self._crop]
            plain = both[:, index]
            changed = _changed(plain, self._augment, random)
            if changed is not plain:
                plain.copy_(changed.clone())  # a turned view shares its memory with the crop
        infrared, visible = both.float().div_(255)
        return infrared, visible


def _changed(crops: "Tensor", augment: str, random: np.random.Generator) -> "Tensor":
    """Return both crops of a pair, (2, 1, side, side), changed in the same way."""
    if augment == "none":
        return crops
    if random.integers(2):
        crops = crops.flip(-1)  # of torch: numpy copies backwards byte by byte
    if augment != "mirror" and random.integers(2):
        crops = crops.flip(-2)
    if augment == "flips_and_turns" and random.integers(2):
        crops = crops.transpose(-1, -2)
    return crops
