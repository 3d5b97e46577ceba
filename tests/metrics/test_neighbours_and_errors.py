"""SF, AG, CC, MSE and PSNR against plain numpy, in the conventions of each protocol."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.metrics import evaluate

Make = Callable[..., dict[str, Any]]
quick = settings(deadline=None, derandomize=True, max_examples=12)
seeds = st.integers(0, 2**31 - 1)
NAMES = ("sf", "ag", "cc", "mse", "psnr")


def _arrays(images: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    infrared, visible, fused = (
        images[key][0, 0].numpy().astype(np.float64) for key in ("infrared", "visible", "fused")
    )
    return infrared, visible, fused


def _common(images: dict[str, Any]) -> dict[str, float]:
    infrared, visible, fused = _arrays(images)
    grad_y, grad_x = np.gradient(fused)
    return {
        "sf": math.sqrt((np.diff(fused, axis=0) ** 2).mean() + (np.diff(fused) ** 2).mean()),
        "ag": float(np.sqrt((grad_x**2 + grad_y**2) / 2).sum()),
        "cc": float(
            np.corrcoef(infrared.ravel(), fused.ravel())[0, 1]
            + np.corrcoef(visible.ravel(), fused.ravel())[0, 1]
        )
        / 2,
        "mse": float(((infrared - fused) ** 2).mean() + ((visible - fused) ** 2).mean()) / 2,
    }


def _plain(images: dict[str, Any], protocol: str) -> dict[str, float]:
    found, fused = _common(images), _arrays(images)[2]
    height, width = fused.shape
    if protocol == "cddfuse-py":
        found["ag"] /= height * width
        found["psnr"] = 10 * math.log10(fused.max() ** 2 / found["mse"])
        return found
    found["ag"] /= (height - 1) * (width - 1)
    found["mse"] /= 255**2
    found["psnr"] = 20 * math.log10(255 / math.sqrt(found["mse"]))
    if protocol == "tang-matlab-2022":
        found["sf"] /= 255
    return found


@quick
@given(
    seed=seeds,
    height=st.integers(2, 30),
    width=st.integers(2, 30),
    protocol=st.sampled_from(["cddfuse-py", "tang-py", "tang-matlab-2022"]),
)
def test_values_are_those_of_plain_numpy(
    triple: Make, seed: int, height: int, width: int, protocol: str
) -> None:
    images = triple(seed, height, width)
    got = evaluate(**images, names=NAMES, protocol=protocol)
    for name, value in _plain(images, protocol).items():
        assert got[name].item() == pytest.approx(value, rel=1e-12, abs=1e-12), name


def test_protocols_are_told_apart(triple: Make) -> None:
    images = triple(0)
    by_protocol = {
        name: evaluate(**images, names=NAMES, protocol=name)
        for name in ("cddfuse-py", "tang-py", "tang-matlab-2022")
    }
    for name in ("ag", "mse", "psnr"):
        assert by_protocol["tang-py"][name] != by_protocol["cddfuse-py"][name]
    assert by_protocol["tang-py"]["sf"] == by_protocol["cddfuse-py"]["sf"]
    assert by_protocol["tang-matlab-2022"]["sf"] < 1


def test_a_ramp_has_its_slope_in_sf_and_its_slope_over_root_two_in_ag() -> None:
    ramp = (3 * torch.arange(20)).to(torch.uint8).expand(1, 1, 20, 20)
    got = evaluate(infrared=ramp, visible=ramp, fused=ramp, names=["sf", "ag"])
    assert got["sf"].item() == pytest.approx(3, abs=1e-14)
    assert got["ag"].item() == pytest.approx(3 / math.sqrt(2), abs=1e-14)


@quick
@given(seed=seeds)
def test_mean_of_the_sources_has_the_least_error(triple: Make, seed: int) -> None:
    images = triple(seed)
    infrared, visible = images["infrared"] // 2 * 2, images["visible"] // 2 * 2
    middle = (infrared.int() + visible.int()) // 2
    for other in (infrared, visible, images["fused"]):
        sources = {"infrared": infrared, "visible": visible}
        best = evaluate(**sources, fused=middle.to(torch.uint8), names=["mse"])["mse"]
        assert best.item() <= evaluate(**sources, fused=other, names=["mse"])["mse"].item()


def test_what_has_no_error_or_no_peak_keeps_its_infinity() -> None:
    image = torch.arange(16, dtype=torch.uint8).view(1, 1, 4, 4)
    black = torch.zeros_like(image)
    same = evaluate(infrared=image, visible=image, fused=image, names=["psnr", "mse", "cc"])
    assert (same["psnr"].item(), same["mse"].item()) == (math.inf, 0)
    assert same["cc"].item() == pytest.approx(1, abs=1e-15)
    dark = evaluate(infrared=image, visible=image, fused=black, names=["psnr", "cc"])
    assert dark["psnr"].item() == -math.inf
    assert dark["cc"].isnan().item()
    none = evaluate(infrared=black, visible=black, fused=black, names=["psnr"])
    assert none["psnr"].isnan().item()


def test_merged_white_is_what_saturating_8_bit_indices_count(triple: Make) -> None:
    images = triple(1)
    for plane in images.values():
        plane[..., ::2] = plane[..., ::2] // 100 + 253  # levels 253 to 255
    infrared, visible, fused = _arrays(images)

    def entropy(*planes: np.ndarray) -> float:
        count = np.unique(np.stack([p.ravel() for p in planes]), axis=1, return_counts=True)[1]
        share = count / count.sum()
        return float(-(share * np.log2(share)).sum())

    def saturated(plane: np.ndarray) -> np.ndarray:
        return np.minimum(plane + 1, 255)

    wanted = sum(
        entropy(source) + entropy(fused) - entropy(saturated(fused), saturated(source))
        for source in (infrared, visible)
    )
    got = evaluate(**images, names=["mi"], protocol="tang-matlab-2022")["mi"].item()
    assert got == pytest.approx(wanted, abs=1e-12)
    assert got > evaluate(**images, names=["mi"], protocol="tang-py")["mi"].item() + 1e-3
