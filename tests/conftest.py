"""What several tests need: the real data where it lies beside the project."""

import os
from pathlib import Path

import hypothesis
import pytest
import torch

hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
if not os.environ.get("CI"):  # there hypothesis takes a profile of its own, untimed and repeatable
    hypothesis.settings.load_profile("untimed")
torch.set_num_threads(1)  # as workers do: sums have one order, and two test processes two cores


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real data and golden values, or skip with the reason."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    place = Path(os.environ.get("ABLATE_SHARED", beside))
    if not place.is_dir():
        pytest.skip(f"no real data at {place}")
    return place
