"""Stand-ins for pairs of other sources: small brains, and photographs of one light."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage


def texture(seed: int, *, side: int = 48, smooth: float = 1.5) -> NDArray[np.float64]:
    """Return smooth noise from 0 to 1."""
    made = ndimage.gaussian_filter(np.random.default_rng(seed).random((side, side)), smooth)
    found: NDArray[np.float64] = (made - made.min()) / (made.max() - made.min())
    return found


def save(path: Path, image: NDArray[np.float64]) -> Path:
    """Write an image of 0 to 1, grey or in colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((image * 255).round().astype(np.uint8)).save(path)
    return path


def brains(root: Path, *, cases: int = 5, slices: int = 3, pair: str = "PET-MRI") -> Path:
    """Write PET-MRI/{MRI,PET}/CCSSS.png, PET in false colours; SSS begins at 10."""
    y, x = np.mgrid[:48, :48]
    head = (x - 24) ** 2 + (y - 24) ** 2 < 20**2
    for case in range(8, 8 + cases):
        for number in range(10, 10 + slices):
            seed, name = case * 1000 + number, f"{case}{number:03d}.png"
            save(root / pair / "MRI" / name, texture(seed) * head)
            glow = texture(seed + 1, smooth=4) * head
            colours = np.stack([glow, glow**2, (1 - glow) * head], axis=-1)
            save(root / pair / "PET" / name, colours)
    return root


def photographs(root: Path, *, scenes: int = 12) -> Path:
    """Write input/NAME/NAME_{A,B}.png, sharp to the left in A and to the right in B."""
    for number in range(scenes):
        scene = np.stack([texture(number * 3 + k) for k in range(3)], axis=-1)
        blurred = ndimage.gaussian_filter(scene, (2, 2, 0))
        left = np.arange(48)[None, :, None] < 24
        name = f"scene_{number:02d}"
        for letter, image in (
            ("A", np.where(left, scene, blurred)),
            ("B", np.where(left, blurred, scene)),
        ):
            save(root / "input" / name / f"{name}_{letter}.png", image)
    return root
