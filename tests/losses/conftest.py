"""Real pairs for the claims that were measured on them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

PAIRS, SIDE = 12, 256


@pytest.fixture(scope="session")
def roadscene(shared: Path) -> dict[str, Tensor]:
    """Return infrared and visible Y in [0, 1], (12, 1, 256, 256): centre crops, evenly chosen."""
    folder = shared / "data" / "RoadScene"
    large = []
    for file in sorted((folder / "cropinfrared").iterdir()):
        with Image.open(file) as opened:
            if min(opened.size) >= SIDE:
                large.append(file.stem)
    found = {}
    for name, place in (("infrared", "cropinfrared"), ("visible", "crop_LR_visible")):
        crops = []
        for stem in large[:: len(large) // PAIRS][:PAIRS]:
            (file,) = (folder / place).glob(f"{stem}.*")
            with Image.open(file) as opened:
                grey = np.asarray(opened.convert("L"))
            top, left = ((side - SIDE) // 2 for side in grey.shape)
            crops.append(grey[top : top + SIDE, left : left + SIDE])
        found[name] = torch.from_numpy(np.stack(crops))[:, None].double() / 255
    return found
