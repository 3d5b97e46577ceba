"""Folders of generated pairs with fused images of two methods."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.scoring.pictures import Folders, picture


@pytest.fixture
def save() -> Callable[..., Path]:
    def write(path: Path, image: np.ndarray) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        return path

    return write


@pytest.fixture
def folders(tmp_path: Path, save: Callable[..., Path]) -> Folders:
    """Return three pairs, their means with a little noise, and noise."""
    places = Folders(*(tmp_path / name for name in ("ir", "vi", "good", "noisy")))
    for index, stem in enumerate(("a", "b", "c")):
        infrared, visible = picture(index), picture(index + 10)
        noise = np.random.default_rng(index).integers(0, 256, infrared.shape)
        middle = (infrared.astype(int) + visible) // 2
        save(places.infrared / f"{stem}.png", infrared)
        save(places.visible / f"{stem}.png", visible)
        save(places.good / f"{stem}.png", (middle + noise % 5).clip(0, 255).astype(np.uint8))
        save(places.noisy / f"{stem}.png", noise.astype(np.uint8))
    return places
