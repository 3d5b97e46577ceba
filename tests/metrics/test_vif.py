"""VIF against a plain two-dimensional convolution, its properties, and wrong variants."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.metrics import evaluate
from ablate.metrics.gaussian import smooth, taps
from tests.reference.metrics import gaussian, vifp

Make = Callable[..., dict[str, Any]]
quick = settings(deadline=None, derandomize=True, max_examples=10)
seeds = st.integers(0, 2**31 - 1)


def _plain(images: dict[str, Any], **options: Any) -> float:
    infrared, visible, fused = (
        images[key][0, 0].numpy().astype(np.float64) for key in ("infrared", "visible", "fused")
    )
    return vifp(infrared, fused, **options) + vifp(visible, fused, **options)


@quick
@given(seed=seeds, height=st.integers(41, 90), width=st.integers(41, 90))
def test_value_is_that_of_a_plain_two_dimensional_convolution(
    triple: Make, seed: int, height: int, width: int
) -> None:
    images = triple(seed, height, width)
    assert evaluate(**images, names=["vif"])["vif"].item() == pytest.approx(
        _plain(images), abs=1e-9
    )


@pytest.mark.parametrize(
    "wrong", [{"mode": "same"}, {"mode": "same", "off_centre": 0.5}, {"off_centre": 1.0}], ids=str
)
def test_padded_or_off_centre_windows_are_told_apart(triple: Make, wrong: dict[str, Any]) -> None:
    images = triple(3, 96, 96)
    assert abs(evaluate(**images, names=["vif"])["vif"].item() - _plain(images, **wrong)) > 1e-4


def test_the_source_and_not_the_fused_image_is_the_reference(triple: Make) -> None:
    images = triple(4, 64, 64)
    fused = images["fused"][0, 0].numpy().astype(np.float64)
    turned = sum(
        vifp(fused, images[key][0, 0].numpy().astype(np.float64)) for key in ("infrared", "visible")
    )
    assert abs(evaluate(**images, names=["vif"])["vif"].item() - turned) > 1e-2


@quick
@given(seed=seeds, dtype=st.sampled_from([torch.float64, torch.float32]))
def test_a_copy_of_both_sources_scores_two(triple: Make, seed: int, dtype: torch.dtype) -> None:
    image = triple(seed)["infrared"]
    value = evaluate(infrared=image, visible=image, fused=image, names=["vif"], dtype=dtype)["vif"]
    assert value.item() == pytest.approx(2, abs=1e-8 if dtype == torch.float64 else 1e-3)


@quick
@given(seed=seeds)
def test_more_noise_means_less_fidelity(triple: Make, seed: int) -> None:
    images = triple(seed, 64, 64)
    noise = torch.randn(images["fused"].shape, generator=torch.Generator().manual_seed(seed))
    values = []
    for strength in (0, 8, 24, 64):
        noisy = (images["fused"] + strength * noise).round().clamp(0, 255).to(torch.uint8)
        values.append(evaluate(**{**images, "fused": noisy}, names=["vif"])["vif"].item())
    assert values == sorted(values, reverse=True)
    assert values[0] > 2 * values[-1]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_float32_survives_flat_and_saturated_regions(triple: Make, dtype: torch.dtype) -> None:
    images = triple(5, 96, 96)
    for plane, level in (("infrared", 255), ("visible", 3), ("fused", 255)):
        images[plane][..., :60, :] = level
    value = evaluate(**images, names=["vif"], dtype=dtype)["vif"].item()
    assert value == pytest.approx(_plain(images), abs=5e-4)


def test_float32_still_sees_single_level_texture_beside_saturation() -> None:
    generator = torch.Generator().manual_seed(0)
    texture = torch.randint(0, 256, (1, 1, 256, 256), generator=generator)
    infrared, visible = (texture > 127).int(), texture.roll(7, -1).int() // 100
    infrared[..., :32, :] = 255
    visible[..., :128, :] += 248
    planes = {"infrared": infrared, "visible": visible, "fused": (infrared + visible) // 2}
    images: dict[str, Any] = {
        key: plane.clamp(0, 255).to(torch.uint8) for key, plane in planes.items()
    }
    exact = evaluate(**images, names=["vif"])["vif"].item()
    fast = evaluate(**images, names=["vif"], dtype=torch.float32)["vif"].item()
    assert fast == pytest.approx(exact, abs=5e-4)


def test_smoothing_keeps_a_constant_and_a_ramp_and_sums_to_one() -> None:
    assert sum(taps(17)) == pytest.approx(1, abs=1e-15)
    assert taps(9) == pytest.approx(taps(9)[::-1], abs=0)
    ramp = torch.arange(30.0, dtype=torch.float64).expand(20, 30)
    torch.testing.assert_close(smooth(ramp, width=5), ramp[2:-2, 2:-2], rtol=0, atol=1e-13)
    impulse = torch.zeros(5, 5, dtype=torch.float64)
    impulse[2, 2] = 1
    window = torch.from_numpy(gaussian(3))
    torch.testing.assert_close(smooth(impulse, width=3), window, rtol=0, atol=1e-15)
