"""SSIM with a frame and a target of choice, against kornia where it has the same."""

import pytest
import torch
from kornia.metrics import ssim as kornia_ssim
from torch import Tensor

from ablate import losses
from ablate.losses.structure import StructuralDistance, gradient_shares


def images(seed: int, side: int = 24) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return list(torch.rand(3, 2, 1, side, side, generator=generator, dtype=torch.float64))


def ssim(one: Tensor, other: Tensor, *, padding: str) -> Tensor:
    """Return the similarity of two images: the larger of an image and itself is that image."""
    distance = StructuralDistance(to="max", padding=padding)
    return 1 - distance(infrared=other, visible=other, fused=one)


def dissimilarity(
    *, infrared: Tensor, visible: Tensor, fused: Tensor, to: str, padding: str
) -> Tensor:
    distance: Tensor = StructuralDistance(to=to, padding=padding)(
        infrared=infrared, visible=visible, fused=fused
    )
    return distance


@pytest.mark.parametrize(("padding", "of_kornia"), [("reflect", "same"), ("valid", "valid")])
def test_kornia_has_the_same(padding: str, of_kornia: str) -> None:
    one, other, _ = images(1)
    expected = kornia_ssim(one, other, 11, eps=0.0, padding=of_kornia).mean()
    torch.testing.assert_close(ssim(one, other, padding=padding), expected, rtol=1e-7, atol=0)


@pytest.mark.parametrize("padding", ["reflect", "zeros", "valid"])
def test_an_image_is_like_itself(padding: str) -> None:
    one, *_ = images(2)
    assert float(ssim(one, one, padding=padding)) == pytest.approx(1, abs=1e-9)


def test_the_share_of_a_flat_source_is_nothing() -> None:
    infrared, visible, fused = images(3)
    flat = torch.zeros_like(visible)
    assert [float(one) for one in gradient_shares(infrared, flat)] == [1, 0]
    found = dissimilarity(
        infrared=infrared, visible=flat, fused=fused, to="by_gradient", padding="zeros"
    )
    torch.testing.assert_close(found, 1 - ssim(fused, infrared, padding="zeros"))


def test_the_larger_source_is_the_target_of_max() -> None:
    infrared, visible, fused = images(4)
    found = dissimilarity(
        infrared=infrared, visible=visible, fused=fused, to="max", padding="valid"
    )
    torch.testing.assert_close(
        found, 1 - ssim(fused, torch.maximum(infrared, visible), padding="valid")
    )


def test_the_default_is_the_one_of_before_and_has_its_identity() -> None:
    plain = {"ssim_weight": 1.0}
    written = {**plain, "ssim_to": "both", "ssim_padding": "reflect"}
    assert losses.canonical(written) == losses.canonical(plain)
    assert "ssim_to" not in losses.canonical(plain)
    assert losses.canonical({**plain, "ssim_to": "max"})["ssim_to"] == "max"
    assert losses.canonical({"ssim_weight": 0.0, "ssim_to": "max"}) == losses.canonical({})


def test_windows_inside_need_a_crop_of_their_size() -> None:
    settings = {"ssim_weight": 1.0, "ssim_padding": "valid", "levels": 1}
    assert losses.check(settings, 11) == []
    (fault,) = losses.check(settings, 10)
    assert fault.startswith("loss.ssim_padding: valid needs crops of at least 11 px")


def test_squares_are_the_mean_squared_differences_to_both() -> None:
    infrared, visible, fused = images(5)
    build = {"gradient_weight": 0.0, "intensity": "squares", "intensity_weight": 2.0}
    found = losses.build(build)(infrared=infrared, visible=visible, fused=fused)
    expected = 2 * ((fused - infrared) ** 2 + (fused - visible) ** 2).mean()
    torch.testing.assert_close(found, expected)
