"""Random triples of images, and the golden files where they lie beside the repository."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as nnf
from torch import Tensor


def _smooth_noise(generator: torch.Generator, height: int, width: int) -> Tensor:
    coarse = torch.rand(1, 1, height // 4 + 2, width // 4 + 2, generator=generator)
    grown = nnf.interpolate(coarse, size=(height, width), mode="bilinear", align_corners=False)
    fine = 0.1 * torch.randn(1, 1, height, width, generator=generator)
    return ((grown + fine).clamp(0, 1) * 255).round().to(torch.uint8)


@pytest.fixture(scope="session")
def triple() -> Callable[..., dict[str, Any]]:
    """Return a maker of two unlike smooth sources and a noisy mean of them, uint8."""

    def make(seed: int, height: int = 48, width: int = 56) -> dict[str, Any]:
        generator = torch.Generator().manual_seed(seed)
        infrared = _smooth_noise(generator, height, width)
        visible = _smooth_noise(generator, height, width)
        noise = 4 * torch.randn(infrared.shape, generator=generator)
        mean = (infrared.double() + visible.double()) / 2 + noise
        fused = mean.round().clamp(0, 255).to(torch.uint8)
        return {"infrared": infrared, "visible": visible, "fused": fused}

    return make


@pytest.fixture(scope="session")
def golden_folder() -> Path:
    """Return the folder of golden values, or skip."""
    beside = Path(__file__).resolve().parents[2] / ".." / "shared"
    folder = Path(os.environ.get("ABLATE_SHARED", beside)) / "golden"
    if not folder.is_dir():
        pytest.skip(f"no golden values in {folder}; set ABLATE_SHARED")
    return folder
