"""EN, MI, SD, SCD and the moments below them against plain numpy and hand-made values."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.metrics import evaluate
from ablate.metrics import moments as moments_module
from ablate.metrics.moments import correlation, scaled_covariance

Make = Callable[..., dict[str, Any]]
quick = settings(deadline=None, derandomize=True, max_examples=15)
seeds = st.integers(0, 2**31 - 1)


def _plain(images: dict[str, Any]) -> dict[str, float]:
    infrared, visible, fused = (
        images[key].numpy().astype(np.float64).ravel() for key in ("infrared", "visible", "fused")
    )

    def information(first: np.ndarray, second: np.ndarray) -> float:
        joint = np.histogram2d(first, second, bins=256, range=[[-0.5, 255.5]] * 2)[0]
        joint /= joint.sum()
        apart = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
        some = joint > 0
        return float((joint[some] * np.log(joint[some] / apart[some])).sum())

    share = np.unique(fused, return_counts=True)[1] / fused.size
    return {
        "en": float(-(share * np.log2(share)).sum()),
        "mi": information(fused, infrared) + information(fused, visible),
        "sd": float(np.std(fused)),
        "scd": float(
            np.corrcoef(infrared, fused - visible)[0, 1]
            + np.corrcoef(visible, fused - infrared)[0, 1]
        ),
    }


@quick
@given(seed=seeds, height=st.integers(2, 40), width=st.integers(2, 40))
def test_values_are_those_of_plain_numpy(triple: Make, seed: int, height: int, width: int) -> None:
    images = triple(seed, height, width)
    for name, value in _plain(images).items():
        got = evaluate(**images, names=[name])[name].item()
        assert got == pytest.approx(value, abs=1e-10, nan_ok=True), name


def test_four_equal_grey_levels_have_two_bits_and_determine_each_other() -> None:
    image = torch.tensor([[0, 60], [120, 255]], dtype=torch.uint8)[None, None]
    got = evaluate(
        infrared=image, visible=torch.zeros_like(image), fused=255 - image, names=["en", "mi"]
    )
    assert got["en"].item() == pytest.approx(2, abs=1e-15)
    assert got["mi"].item() == pytest.approx(2 * math.log(2), abs=1e-15)


@quick
@given(seed=seeds)
def test_renaming_the_grey_levels_of_the_fused_image_leaves_en_and_mi(
    triple: Make, seed: int
) -> None:
    images = triple(seed)
    names = torch.randperm(256, generator=torch.Generator().manual_seed(seed)).to(torch.uint8)
    renamed = {**images, "fused": names[images["fused"].long()]}
    first = evaluate(**images, names=["en", "mi", "sd"])
    second = evaluate(**renamed, names=["en", "mi", "sd"])
    for name in ("en", "mi"):
        torch.testing.assert_close(first[name], second[name], rtol=0, atol=1e-12)
    assert abs((first["sd"] - second["sd"]).item()) > 1  # SD is not a matter of names


@quick
@given(seed=seeds, shift=st.integers(1, 40))
def test_a_constant_moves_neither_sd_nor_scd(triple: Make, seed: int, shift: int) -> None:
    images = triple(seed)
    images["fused"] = images["fused"].clamp(0, 200)
    moved = {**images, "fused": images["fused"] + shift}
    for name, value in evaluate(**images, names=["sd", "scd"]).items():
        assert torch.equal(value, evaluate(**moved, names=[name])[name])


@quick
@given(seed=seeds)
def test_moments_are_exact_integers(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    first = torch.randint(-255, 256, (1, 300), generator=generator)
    second = torch.randint(-255, 256, (1, 300), generator=generator)
    one, two = first[0].tolist(), second[0].tolist()
    wanted = 300 * sum(a * b for a, b in zip(one, two, strict=True)) - sum(one) * sum(two)
    assert Fraction(scaled_covariance(first.double(), second.double()).item()) == wanted


def test_huge_images_take_the_floating_path_to_the_same_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randint(0, 256, (2, 1, 500), generator=generator).double()
    exact = correlation(first, second)
    monkeypatch.setattr(moments_module, "_EXACT_PIXELS", 10)
    torch.testing.assert_close(correlation(first, second), exact, rtol=1e-12, atol=0)
