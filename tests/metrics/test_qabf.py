"""Qabf against plain loops over Sobel windows, its properties, and wrong variants."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ablate.metrics import _qabf as qabf
from ablate.metrics import evaluate

Make = Callable[..., dict[str, Any]]
quick = settings(deadline=None, derandomize=True, max_examples=12)
seeds = st.integers(0, 2**31 - 1)
DOWN = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], dtype=np.float64)
LEFT = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], dtype=np.float64)


def _plain(
    images: dict[str, Any],
    *,
    pad: str = "constant",
    left: np.ndarray = LEFT,
    equal: str = "strength",
    angle_weight: bool = True,
) -> float:
    """Return Qabf written pixel by pixel."""

    def edges(plane: Tensor) -> tuple[np.ndarray, np.ndarray]:
        padded = np.pad(plane[0, 0].numpy().astype(np.float64), 1, mode=pad)  # type: ignore[call-overload]
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
        grad_x, grad_y = ((windows * kernel).sum((-2, -1)) for kernel in (left, DOWN))
        angle = np.full_like(grad_x, math.pi / 2)
        np.divide(grad_y, grad_x, out=angle, where=grad_x != 0)
        angle = np.where(grad_x != 0, np.arctan(angle), math.pi / 2)
        return np.hypot(grad_x, grad_y), angle

    strength_f, angle_f = edges(images["fused"])
    found = weight = 0.0
    for key in ("infrared", "visible"):
        strength, angle = edges(images[key])
        for a, b, f, g in zip(
            strength.flat, angle.flat, strength_f.flat, angle_f.flat, strict=True
        ):
            if math.isclose(a, f, rel_tol=1e-12):
                ratio = f if equal == "strength" else 1.0
            else:
                ratio = min(a, f) / max(a, f)
            alike = 1 - abs(b - g) / (math.pi / 2)
            kept = 0.9994 / (1 + math.exp(min(700, -15 * (ratio - 0.5))))
            if angle_weight:
                kept *= 0.9879 / (1 + math.exp(-22 * (alike - 0.8)))
            found += kept * a
            weight += a
    return found / weight


def _score(images: dict[str, Any]) -> float:
    return evaluate(**images, names=["qabf"])["qabf"].item()


@quick
@given(seed=seeds, height=st.integers(2, 24), width=st.integers(2, 24))
def test_value_is_that_of_plain_loops(triple: Make, seed: int, height: int, width: int) -> None:
    images = triple(seed, height, width)
    assert _score(images) == pytest.approx(_plain(images), abs=1e-10)


@pytest.mark.parametrize(
    "wrong",
    [
        {"pad": "edge"},
        {"pad": "reflect"},
        {"left": -LEFT},
        {"equal": "one"},
        {"angle_weight": False},
    ],
    ids=["replicated", "reflected", "x to the right", "ratio one where equal", "no angle"],
)
def test_a_wrong_variant_is_told_apart(triple: Make, wrong: dict[str, Any]) -> None:
    images = triple(6, 32, 32)
    # few grey levels: vertical edges (grad_x = 0) and equal strengths below the saturation occur
    flat = {key: plane // 64 * 1 for key, plane in images.items()}
    assert _score(flat) == pytest.approx(_plain(flat), abs=1e-10)
    assert abs(_score(flat) - _plain(flat, **wrong)) > 1e-6


@quick
@given(seed=seeds)
def test_a_copy_of_both_sources_reaches_the_ceiling(triple: Make, seed: int) -> None:
    image = triple(seed)["visible"]
    ceiling = 0.9994 * 0.9879 / (1 + math.exp(-22 * 0.2))
    value = _score({"infrared": image, "visible": image, "fused": image})
    assert value == pytest.approx(ceiling, abs=1e-6)


@quick
@given(seed=seeds)
def test_halving_the_contrast_of_the_fused_image_lowers_the_value(triple: Make, seed: int) -> None:
    image = triple(seed)["visible"]
    images = {"infrared": image, "visible": image, "fused": image // 2}
    assert _score(images) < 0.7 < _score({**images, "fused": image})


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_table_of_angles_holds_the_arctangent_of_every_pair_of_responses(
    dtype: torch.dtype,
) -> None:
    most = 1020
    some = torch.cat([torch.arange(-most, most + 1, 17), torch.tensor([-1, 0, 1, most])])
    down, left = torch.meshgrid(some.float(), some.float(), indexing="ij")
    found = qabf._angle(down, left, dtype)
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = np.where(left == 0, np.pi / 2, np.arctan(down.double() / left.double()))
    torch.testing.assert_close(found, torch.tensor(wanted).to(dtype), rtol=1e-6, atol=0.0)
    if dtype == torch.float64:
        torch.testing.assert_close(found, torch.tensor(wanted), rtol=1e-15, atol=0.0)
