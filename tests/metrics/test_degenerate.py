"""What each degenerate image scores, and the flag that goes with it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from ablate.errors import ShapeError
from ablate.metrics import evaluate, flags

Make = Callable[..., dict[str, Any]]
both_types = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)


def _constant(like: Tensor, level: int) -> Tensor:
    return torch.full_like(like, level)


def test_ordinary_images_carry_no_flag(triple: Make) -> None:
    assert flags(**triple(0)) == ((),)


@both_types
@pytest.mark.parametrize("level", [0, 77, 255])
def test_a_constant_fused_image_scores_plain_zeros(
    triple: Make, level: int, dtype: torch.dtype
) -> None:
    images = triple(1)
    images["fused"] = _constant(images["fused"], level)
    got = evaluate(**images, dtype=dtype)
    for name in ("en", "sd", "mi", "vif"):
        assert got[name].item() == pytest.approx(0, abs=1e-12), name
        assert not torch.signbit(got[name]).item(), name
    assert got["scd"].isfinite().item()
    assert flags(**images) == (("constant_fused",),)


@both_types
@pytest.mark.parametrize("source", ["infrared", "visible"])
def test_a_fused_image_equal_to_a_source_keeps_scd_as_nan(
    triple: Make, source: str, dtype: torch.dtype
) -> None:
    images = triple(2)
    images["fused"] = images[source].clone()
    got = evaluate(**images, dtype=dtype)
    assert got["scd"].isnan().item()
    assert all(value.isfinite().item() for name, value in got.items() if name != "scd")
    assert flags(**images) == ((f"fused_equals_{source}",),)


@both_types
@pytest.mark.parametrize("level", [0, 200, 255])
def test_a_constant_source_counts_one_in_vif_and_makes_scd_nan(
    triple: Make, level: int, dtype: torch.dtype
) -> None:
    images = triple(3)
    other = {**images, "infrared": images["visible"]}
    images["infrared"] = _constant(images["infrared"], level)
    got = evaluate(**images, dtype=dtype)
    half = evaluate(**other, names=["vif"], dtype=dtype)["vif"] / 2
    assert got["vif"].item() == pytest.approx(1 + half.item(), abs=1e-6)
    assert got["scd"].isnan().item()
    assert flags(**images) == (("constant_infrared",),)


@both_types
def test_all_black_has_no_edges_and_no_correlation(triple: Make, dtype: torch.dtype) -> None:
    images: dict[str, Any] = {key: _constant(plane, 0) for key, plane in triple(4).items()}
    got = evaluate(**images, dtype=dtype)
    assert got["qabf"].isnan().item()
    assert got["scd"].isnan().item()
    assert got["vif"].item() == 2
    assert "all_black" in flags(**images)[0]


def test_a_source_plus_a_constant_is_flagged_as_a_shift(triple: Make) -> None:
    images = triple(5)
    images["visible"] = images["visible"].clamp(0, 240)
    images["fused"] = images["visible"] + 10
    assert evaluate(**images, names=["scd"])["scd"].isnan().item()
    assert flags(**images) == (("fused_shifts_visible",),)


def test_flags_belong_to_their_image_and_a_nan_stays_in_its_row(triple: Make) -> None:
    good, bad = triple(6), triple(7)
    bad["fused"] = bad["infrared"].clone()
    batch: dict[str, Any] = {key: torch.cat([good[key], bad[key]]) for key in good}
    assert flags(**batch) == ((), ("fused_equals_infrared",))
    assert evaluate(**batch, names=["scd"])["scd"].isnan().tolist() == [False, True]


def test_flags_refuse_what_evaluate_refuses(triple: Make) -> None:
    images = triple(8)
    images["fused"] = images["fused"][..., 1:]
    with pytest.raises(ShapeError, match="differ in shape"):
        flags(**images)
