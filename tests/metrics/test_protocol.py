"""Protocols are told apart by their switches."""

import dataclasses

import pytest
import torch

from ablate.errors import UnknownNameError
from ablate.metrics import PROTOCOLS, evaluate, protocol_hash
from ablate.metrics.images import grey_images
from ablate.metrics.protocol import protocol


def test_hashes_differ_between_protocols_and_types_and_repeat() -> None:
    hashes = {
        protocol_hash(name, dtype=dtype) for name in PROTOCOLS for dtype in ("float64", "float32")
    }
    assert len(hashes) == 2 * len(PROTOCOLS)
    assert protocol_hash("cddfuse-py") == protocol_hash("cddfuse-py", dtype="float64")


def test_every_switch_reaches_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    before = protocol_hash("cddfuse-py")
    changes = {
        "quantise": "truncate", "mi_unit": "bits", "en_offset": 1e-7, "qabf_padding": "replicate",
        "vif_noise": 0.4, "vif_of_constant_source": 0.0,
    }  # fmt: skip
    plain = protocol("cddfuse-py")
    fields = {field.name for field in dataclasses.fields(plain)} - {"name", "source"}
    assert fields == set(changes)
    for key, value in changes.items():
        monkeypatch.setitem(PROTOCOLS, "cddfuse-py", dataclasses.replace(plain, **{key: value}))
        assert protocol_hash("cddfuse-py") != before, key


def test_an_unknown_protocol_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'tang-py'"):
        protocol("tang-pi")


def test_rounding_is_half_to_even_and_truncation_is_another_protocol() -> None:
    levels = torch.tensor([[0.0, 0.4, 0.6, 254.6]], dtype=torch.float64)[None, None] / 255
    images = {"infrared": levels, "visible": levels, "fused": levels}
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
