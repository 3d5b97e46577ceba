"""Generated pictures and the folders they lie in."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np


class Sources(TypedDict):
    """Where the images to be fused lie."""

    infrared: Path
    visible: Path


@dataclass(frozen=True)
class Folders:
    """Where the images lie."""

    infrared: Path
    visible: Path
    good: Path
    noisy: Path

    @property
    def sources(self) -> Sources:
        return {"infrared": self.infrared, "visible": self.visible}


def picture(seed: int, height: int = 48, width: int = 56) -> np.ndarray:
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (height // 8 + 1, width // 8 + 1))
    image = np.kron(coarse, np.ones((8, 8)))[:height, :width] * 0.8
    return (image + generator.normal(20, 6, image.shape)).clip(0, 255).astype(np.uint8)
