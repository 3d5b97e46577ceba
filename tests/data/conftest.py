"""Small image folders, and the real ones where they lie beside the repository."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def write() -> Callable[..., Path]:
    """Return a writer of one noise image; equal seeds give equal images."""

    def make(path: Path, *, seed: int = 0, height: int = 20, width: int = 24, rgb: bool = False):
        shape = (height, width, 3) if rgb else (height, width)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8)).save(path)
        return path

    return make


@pytest.fixture
def msrs_folder(tmp_path: Path, write: Callable[..., Path]) -> Path:
    """Return a set in the layout of MSRS: 12 day and 12 night pairs to train on, 6 to test."""
    for split, numbers in (("train", range(1, 25)), ("test", range(30, 36))):
        for number in numbers:
            stem = f"{number:05d}{'N' if number % 2 else 'D'}"
            write(tmp_path / split / "ir" / f"{stem}.png", seed=number)
            write(tmp_path / split / "vi" / f"{stem}.png", seed=1000 + number, rgb=True)
    return tmp_path


@pytest.fixture(scope="session")
def real() -> Path:
    """Return the folder of real pairs, or skip."""
    beside = Path(__file__).resolve().parents[2] / ".." / "shared"
    folder = Path(os.environ.get("ABLATE_SHARED", beside)) / "data"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: real pairs are not part of the repository")
    return folder
