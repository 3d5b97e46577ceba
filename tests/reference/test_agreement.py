"""The fast metrics against the plain numpy and scipy forms, within the stated tolerances."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.data.synthetic import scene
from ablate.metrics import evaluate
from tests.reference.metrics import SIX

TOLERANCES = {
    torch.float64: {"en": 1e-10, "mi": 1e-10, "scd": 1e-10, "qabf": 1e-10, "sd": 1e-8, "vif": 1e-7},
    torch.float32: {"en": 1e-6, "mi": 1e-6, "scd": 1e-5, "qabf": 1e-6, "sd": 1e-4, "vif": 5e-4},
}


@settings(deadline=None, derandomize=True, max_examples=8)
@given(
    height=st.integers(41, 210),
    width=st.integers(41, 120),
    stem=st.sampled_from(["aD", "bN"]),
    dtype=st.sampled_from(list(TOLERANCES)),
)
def test_six_metrics_are_those_of_the_plain_forms_at_any_size(
    height: int, width: int, stem: str, dtype: torch.dtype
) -> None:
    pair = scene(stem, height=height, width=width, seed=height)
    fused = pair.infrared // 2 + pair.visible // 2
    planes = {"infrared": pair.infrared, "visible": pair.visible, "fused": fused}
    tensors: dict[str, Any] = {
        name: torch.from_numpy(plane)[None, None] for name, plane in planes.items()
    }
    for name, value in evaluate(**tensors, dtype=dtype).items():
        assert value.item() == pytest.approx(
            SIX[name](**planes), abs=TOLERANCES[dtype][name], rel=0
        )
