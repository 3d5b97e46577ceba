"""Protocols are told apart by their switches."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch

from ablate.errors import UnknownNameError
from ablate.metrics import ALL_NAMES, PROTOCOLS, evaluate, protocol_hash
from ablate.metrics.images import grey_images
from ablate.metrics.protocol import protocol

Make = Callable[..., dict[str, Any]]


def test_hashes_repeat_and_tell_protocols_and_types_apart() -> None:
    hashes: dict[str, set[str]] = {}
    for name in PROTOCOLS:
        for dtype in ("float64", "float32"):
            hashes.setdefault(protocol_hash(name, dtype=dtype), set()).add(name)
    alike = [["cddfuse-py", "ssim-range-2"], ["mefb", "mfifb"]]
    alone = [[name] for name in PROTOCOLS if not any(name in some for some in alike)]
    assert sorted(map(sorted, hashes.values())) == sorted(2 * (alike + alone))
    assert protocol_hash("cddfuse-py") == protocol_hash("cddfuse-py", dtype="float64")


def test_protocols_of_equal_hash_give_equal_numbers(triple: Make) -> None:
    images = triple(0, 161, 161)
    one = evaluate(**images, names=ALL_NAMES)
    other = evaluate(**images, names=ALL_NAMES, protocol="ssim-range-2")
    assert all(torch.equal(one[name], other[name]) for name in ALL_NAMES)


CHANGES = {
    "colour": ("bands", []),
    "mi_stretches": (True, ["mi"]),
    "rmse_divisor": ("pixels_twice", ["rmse"]),
    "sf_divisor": ("pixels", ["sf"]),
    "quantise": ("truncate", ALL_NAMES),
    "mi_unit": ("bits", ["mi"]),
    "mi_merges_white": (True, ["mi"]),
    "en_offset": (1e-7, ["en"]),
    "qabf_padding": ("replicate", ["qabf"]),
    "vif_noise": (0.4, ["vif"]),
    "vif_of_constant_source": (0.0, []),
    "ssim_window": ("gaussian", ["ssim"]),
    "ssim_padding": ("replicate", ["ssim"]),
    "ssim_range": (255.0, ["ssim"]),
    "ms_ssim_range": (1.0, ["ms_ssim"]),
    "ssim_of_sources": ("mean", ["ssim", "ms_ssim"]),
    "ag_divisor": ("intervals", ["ag"]),
    "psnr_peak": ("255_of_unit", ["psnr"]),
    "sf_white": (1.0, ["sf"]),
    "mse_white": (1.0, ["mse"]),
    "nabf_white": (1.0, ["nabf"]),
    "nabf_floor": (0.0, ["nabf"]),
    "qcb_white": (1.0, []),  # halves only, see test_mefb.py
    "qw_of": ("edges", ["qw"]),
    "qc_clamps": ("quality", ["qc"]),
    "te_marginals": ("exchanged", ["te"]),
}


def test_every_switch_reaches_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    before = protocol_hash("cddfuse-py")
    plain = protocol("cddfuse-py")
    fields = {field.name for field in dataclasses.fields(plain)} - {"name", "source"}
    assert fields == set(CHANGES)
    for key, (value, _) in CHANGES.items():
        change: dict[str, Any] = {key: value}
        monkeypatch.setitem(PROTOCOLS, "cddfuse-py", dataclasses.replace(plain, **change))
        assert protocol_hash("cddfuse-py") != before, key


@pytest.mark.parametrize(
    "key",
    sorted(
        set(CHANGES) - {"quantise", "vif_of_constant_source", "colour", "mi_stretches", "qcb_white"}
    ),
)
def test_a_switch_moves_its_metrics_and_no_other(
    triple: Make, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    value, moved = CHANGES[key]
    change: dict[str, Any] = {key: value}
    images = triple(3, 161, 163)
    for plane in images.values():
        plane[..., :20, :20] = 254 + torch.arange(20) % 2  # something for the merged bin
    # slow, and no switch is for them
    names = [name for name in ALL_NAMES if not name.startswith("fmi") and name != "qp"]
    before = evaluate(**images, names=names)
    plain = protocol("cddfuse-py")
    monkeypatch.setitem(PROTOCOLS, "cddfuse-py", dataclasses.replace(plain, **change))
    after = evaluate(**images, names=names)
    assert [name for name in names if not torch.equal(before[name], after[name])] == [
        name for name in names if name in moved
    ]


def test_an_unknown_protocol_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'tang-py'"):
        protocol("tang-pi")


def test_rounding_is_half_to_even_and_truncation_is_another_protocol() -> None:
    levels = torch.tensor([[0.0, 0.4, 0.6, 254.6]], dtype=torch.float64)[None, None] / 255
    images: dict[str, Any] = {"infrared": levels, "visible": levels, "fused": levels}
    plain = protocol("cddfuse-py")
    cut = dataclasses.replace(plain, quantise="truncate")
    assert grey_images(**images, protocol=plain).fused.flatten().tolist() == [0, 0, 1, 255]
    assert grey_images(**images, protocol=cut).fused.flatten().tolist() == [0, 0, 0, 254]


def test_luminance_is_rounded_before_anything_is_counted() -> None:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 1, 8, 8, generator=generator, dtype=torch.float64)
    rounded = (image * 255).round() / 255
    names = ["en", "mi", "sd", "qabf"]
    rough = evaluate(infrared=image, visible=image, fused=image.flip(-1), names=names)
    exact = evaluate(infrared=rounded, visible=rounded, fused=rounded.flip(-1), names=names)
    assert all(torch.equal(rough[name], exact[name]) for name in names)
