"""Nabf against plain loops, its properties, and wrong variants."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ablate.metrics import evaluate

Make = Callable[..., dict[str, Any]]
quick = settings(deadline=None, derandomize=True, max_examples=12)
seeds = st.integers(0, 2**31 - 1)
SETTINGS: dict[str, dict[str, Any]] = {
    "cddfuse-py": {"white": 255, "floor": 0.001},
    "tang-py": {"white": 255, "floor": 0.0},
    "tang-matlab-2022": {"white": 1, "floor": 0.001},
}


def _plain(
    images: dict[str, Any],
    *,
    white: float,
    floor: float,
    pad: str = "reflect",
    both: bool = True,
    root: bool = True,
) -> float:
    """Return Nabf written pixel by pixel from Shreyamsha Kumar's description."""

    def edges(plane: Tensor) -> tuple[np.ndarray, np.ndarray]:
        padded = np.pad(plane[0, 0].numpy().astype(np.float64), 1, mode=pad)  # type: ignore[call-overload]
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
        kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8 * white / 255
        return (windows * kernel).sum((-2, -1)), (windows * kernel.T).sum((-2, -1))

    def kept(a: tuple[float, float], f: tuple[float, float]) -> float:
        ga, gf = math.hypot(*a), math.hypot(*f)
        ratio = min(ga, gf) / max(ga, gf) if ga and gf else 0.0
        turned = abs(angle(*a) - angle(*f))
        alike = abs(turned - math.pi / 2) * 2 / math.pi
        strength = 0.9999 / (1 + math.exp(-19 * (ratio - 0.5)))
        direction = 0.9995 / (1 + math.exp(-22 * (alike - 0.5)))
        return math.sqrt(strength * direction) if root else strength * direction

    def angle(right: float, down: float) -> float:
        if down == 0:
            return math.copysign(math.pi / 2, right) if right else 0.0
        return math.atan(right / down)

    fused = edges(images["fused"])
    sources = [edges(images[key]) for key in ("infrared", "visible")]
    lost = total = 0.0
    for at in np.ndindex(fused[0].shape):
        f = float(fused[0][at]), float(fused[1][at])
        pair = [(float(s[0][at]), float(s[1][at])) for s in sources]
        stronger = [math.hypot(*f) > math.hypot(*a) + 1e-12 for a in pair]
        is_new = all(stronger) if both else any(stronger)
        for a in pair:
            weight = math.hypot(*a) ** 1.5 if math.hypot(*a) >= 2 else floor
            total += weight
            lost += is_new * (1 - kept(a, f)) * weight
    return lost / total


def _score(images: dict[str, Any], protocol: str = "cddfuse-py") -> float:
    return evaluate(**images, names=["nabf"], protocol=protocol)["nabf"].item()


@quick
@given(
    seed=seeds,
    height=st.integers(3, 16),
    width=st.integers(3, 16),
    protocol=st.sampled_from(sorted(SETTINGS)),
)
def test_value_is_that_of_plain_loops(
    triple: Make, seed: int, height: int, width: int, protocol: str
) -> None:
    images = triple(seed, height, width)
    images["fused"] = images["fused"] // 3 * 3
    wanted = _plain(images, **SETTINGS[protocol])
    assert _score(images, protocol) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [{"pad": "edge"}, {"both": False}, {"root": False}, {"floor": 1.0}, {"white": 100}],
    ids=["replicated", "one source only", "without the root", "large floor", "other unit"],
)
def test_a_wrong_variant_is_told_apart(triple: Make, wrong: dict[str, Any]) -> None:
    images = triple(2, 24, 24)
    assert _score(images) == pytest.approx(_plain(images, **SETTINGS["cddfuse-py"]), abs=1e-12)
    assert abs(_score(images) - _plain(images, **{**SETTINGS["cddfuse-py"], **wrong})) > 1e-6


@quick
@given(seed=seeds)
def test_a_copy_of_a_source_adds_no_edges(triple: Make, seed: int) -> None:
    images = triple(seed)
    assert _score({**images, "fused": images["infrared"]}) == 0


def test_without_any_edge_the_floor_decides(triple: Make) -> None:
    images = {key: plane // 255 * 0 + 9 for key, plane in triple(0).items()}
    assert _score(images) == 0
    assert math.isnan(_score(images, "tang-py"))
