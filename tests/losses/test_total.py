"""The loss against plain formulas written apart from it, and the identities of the design notes."""

import itertools
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ablate import losses
from ablate.errors import ConfigError

KX = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=torch.float64)
VARIANTS = {
    "signed": {"components": "axis_wise", "sign": "kept"},
    "sign_free": {"components": "axis_wise", "sign": "free"},
    "magnitude": {"components": "magnitude_l1"},
    "signed_sum": {"components": "signed_sum"},
}
# Random floats have no ties, but a few that differ by less than the tolerance.
GRADIENT_ONLY = {"gradient_weight": 1.0, "intensity_weight": 0.0, "ties": "exact"}


def images(seed: int, side: int = 32) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(3, 2, 1, side, side, generator=generator, dtype=torch.float64)
    return dict(zip(("infrared", "visible", "fused"), values, strict=True))


def value(pair: dict[str, Tensor], **changes: Any) -> float:
    return float(losses.build({**GRADIENT_ONLY, **changes})(**pair))


def plain(
    pair: dict[str, Tensor],
    variant: str,
    *,
    levels: int,
    ratio: float,
    method: str,
    padding: str,
    weights: list[float],
) -> float:
    """The formula, pixel arithmetic spelled out per variant with two dense convolutions."""
    total = 0.0
    for level in range(levels):
        grads = {}
        for name, image in pair.items():
            side = max(1, round(image.shape[-1] * ratio**level))
            if side != image.shape[-1]:
                if method == "area":
                    image = F.interpolate(image, (side, side), mode="area")
                else:
                    image = F.interpolate(
                        image,
                        (side, side),
                        mode="bilinear",
                        align_corners=False,
                        antialias=method == "antialias",
                    )
            mode = "constant" if padding == "zeros" else "replicate"
            framed = F.pad(image, (1, 1, 1, 1), mode=mode)
            grads[name] = (
                F.conv2d(framed, KX[None, None]),
                F.conv2d(framed, KX.T[None, None].contiguous()),
            )
        (ix, iy), (vx, vy), (fx, fy) = grads["infrared"], grads["visible"], grads["fused"]
        if variant == "magnitude":
            m = [x.abs() + y.abs() for x, y in ((ix, iy), (vx, vy), (fx, fy))]
            term = (m[2] - torch.maximum(m[0], m[1])).abs().mean()
        elif variant == "signed_sum":
            i, v, f = ix + iy, vx + vy, fx + fy
            term = (f - torch.where(v.abs() >= i.abs(), v, i)).abs().mean()
        elif variant == "sign_free":
            term = (fx.abs() - torch.maximum(ix.abs(), vx.abs())).abs().mean()
            term = term + (fy.abs() - torch.maximum(iy.abs(), vy.abs())).abs().mean()
        else:
            term = (fx - torch.where(vx.abs() >= ix.abs(), vx, ix)).abs().mean()
            term = term + (fy - torch.where(vy.abs() >= iy.abs(), vy, iy)).abs().mean()
        total += weights[level] * float(term)
    return total


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("method", "padding"),
    itertools.product(["bilinear", "antialias", "area"], ["zeros", "replicate"]),
)
def test_every_variant_equals_its_plain_formula(variant: str, method: str, padding: str) -> None:
    for levels, ratio in ((1, 0.5), (3, 0.5), (2, 0.7071)):
        pair = images(levels)
        expected = plain(
            pair,
            variant,
            levels=levels,
            ratio=ratio,
            method=method,
            padding=padding,
            weights=[1 / levels] * levels,
        )
        found = value(
            pair, levels=levels, ratio=ratio, resampler=method, padding=padding, **VARIANTS[variant]
        )
        assert found == pytest.approx(expected, rel=1e-12)  # float64, another order of sums


def test_no_variant_resampler_or_padding_stands_for_another() -> None:
    pair = images(3)
    found = [value(pair, **changes) for changes in VARIANTS.values()]
    found += [value(pair, resampler="antialias"), value(pair, resampler="area", ratio=0.4)]
    found += [value(pair, padding="replicate"), value(pair, levels=2)]
    assert len({round(number, 9) for number in found}) == len(found)


def test_weights_are_geometric_explicit_and_normalised() -> None:
    pair = images(4)
    weights = [1 / 7, 2 / 7, 4 / 7]
    expected = plain(
        pair, "signed", levels=3, ratio=0.5, method="bilinear", padding="zeros", weights=weights
    )
    assert value(pair, weights="geometric", weight_growth=2.0) == pytest.approx(expected)
    assert value(pair, weights=[10, 20, 40]) == pytest.approx(expected)


def test_at_the_mean_image_signed_and_sign_free_have_the_same_value() -> None:
    pair = images(5)
    pair["fused"] = (pair["infrared"] + pair["visible"]) / 2
    signed, free = value(pair, **VARIANTS["signed"]), value(pair, **VARIANTS["sign_free"])
    assert signed == pytest.approx(free, rel=1e-12)
    assert value(pair, **VARIANTS["magnitude"]) != pytest.approx(free, rel=1e-3)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_fused_image_equal_to_both_sources_costs_nothing(variant: str) -> None:
    image = images(6)["infrared"]
    pair = dict.fromkeys(("infrared", "visible", "fused"), image)
    assert value(pair, **VARIANTS[variant]) == 0


@pytest.mark.parametrize("variant", ["sign_free", "magnitude"])
def test_only_sign_free_forms_are_blind_to_an_inverted_image(variant: str) -> None:
    image = images(7)["infrared"]
    pair = {"infrared": image, "visible": image, "fused": 1 - image}
    assert value(pair, padding="replicate", **VARIANTS[variant]) == pytest.approx(0, abs=1e-12)
    assert value(pair, padding="replicate", **VARIANTS["signed"]) > 1


@settings(deadline=None, derandomize=True, max_examples=25)
@given(seed=st.integers(0, 10**6), variant=st.sampled_from(list(VARIANTS)))
def test_mirroring_transposing_and_swapping_the_sources_change_nothing(
    seed: int, variant: str
) -> None:
    if variant == "signed_sum":  # a mirror flips one axis of the sum, so it is not invariant
        return
    pair = images(seed, 24)
    first = value(pair, levels=2, **VARIANTS[variant])
    mirrored = {name: image.flip(-1) for name, image in pair.items()}
    turned = {name: image.transpose(-1, -2) for name, image in pair.items()}
    swapped = {**pair, "infrared": pair["visible"], "visible": pair["infrared"]}
    for other in (mirrored, turned, swapped):
        assert value(other, levels=2, **VARIANTS[variant]) == pytest.approx(first, rel=1e-12)


def test_mirroring_changes_the_signed_sum() -> None:
    pair = images(8)
    mirrored = {name: image.flip(-1) for name, image in pair.items()}
    changes = VARIANTS["signed_sum"]
    assert value(mirrored, **changes) != pytest.approx(value(pair, **changes), rel=1e-4)


@settings(deadline=None, derandomize=True, max_examples=20)
@given(seed=st.integers(0, 10**6), shift=st.floats(0, 0.5), factor=st.floats(0.1, 3))
def test_shifts_do_nothing_without_a_frame_and_scaling_scales(
    seed: int, shift: float, factor: float
) -> None:
    pair = images(seed, 24)
    first = value(pair, levels=2, padding="replicate")
    shifted = {name: image + shift for name, image in pair.items()}
    scaled = {name: image * factor for name, image in pair.items()}
    assert value(shifted, levels=2, padding="replicate") == pytest.approx(first, rel=1e-9)
    assert value(scaled, levels=2, padding="replicate") == pytest.approx(first * factor, rel=1e-9)


def test_gradients_are_right_in_float64() -> None:
    pair = images(9, 12)
    fused = pair.pop("fused")[:1].requires_grad_()
    pair = {name: image[:1] for name, image in pair.items()}
    loss = losses.build({"levels": 2, "ssim_weight": 0.0})
    assert torch.autograd.gradcheck(lambda image: loss(**pair, fused=image), [fused])


def test_no_gradient_reaches_the_sources() -> None:
    pair = {name: image.requires_grad_() for name, image in images(10).items()}
    losses.build(GRADIENT_ONLY)(**pair).backward()
    assert pair["infrared"].grad is None
    assert pair["fused"].grad is not None


def test_the_mix_adds_its_terms_with_their_weights() -> None:
    pair = images(11)
    loss = losses.build({"gradient_weight": 3.0, "intensity_weight": 2.0, "ssim_weight": 0.5})
    total = float(loss(**pair))
    terms = {name: float(term) for name, term in loss.last_terms.items()}
    brighter = torch.maximum(pair["infrared"], pair["visible"])
    assert terms["intensity"] == pytest.approx(float((pair["fused"] - brighter).abs().mean()))
    parts = 3 * terms["gradient"] + 2 * terms["intensity"] + 0.5 * terms["ssim"]
    assert total == pytest.approx(parts)


def test_the_kornia_oracle_agrees_in_the_interior() -> None:
    from kornia.filters import spatial_gradient

    from ablate.imaging.gradients import sobel

    image = images(12)["infrared"]
    theirs = spatial_gradient(image, mode="sobel", normalized=False)[:, 0]
    for axis, ours in enumerate(sobel(image)):
        torch.testing.assert_close(ours[..., 1:-1, 1:-1], theirs[:, axis : axis + 1, 1:-1, 1:-1])


def test_a_level_of_one_pixel_is_zero_and_such_levels_are_refused() -> None:
    from ablate.imaging.gradients import sobel

    assert all(float(g.abs().max()) == 0 for g in sobel(torch.rand(1, 1, 1, 1)))
    faults = losses.check({"levels": 5}, 64)
    assert len(faults) == 1
    assert "use fewer levels" in faults[0]
    assert losses.check({"levels": 4}, 64) == []


def test_inert_settings_are_absent_and_equal_settings_are_one() -> None:
    canonical = losses.canonical
    assert canonical({"levels": 1, "ratio": 0.3}) == canonical({"levels": 1, "ratio": 0.7})
    assert "sign" not in canonical({"components": "magnitude_l1", "sign": "free"})
    assert canonical({"weights": "geometric", "weight_growth": 1.0}) == canonical({})
    assert canonical({"gradient_weight": 0, "levels": 2}) == canonical({"gradient_weight": 0})
    assert canonical({"sign": "free"}) != canonical({})


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"operator": "sobl"}, "did you mean 'sobel'"),
        ({"levelz": 3}, "did you mean 'levels'"),
        ({"ratio": 1.0}, "above 0 and at most 0.99"),
        ({"levels": 0}, "from 1 to 8"),
        ({"levels": True}, "a whole number, got True"),
        ({"weights": [1, 2]}, "one a level"),
        ({"weights": [0, 0, 0]}, "one number per level"),
        ({"weight_growth": 0.0}, "above 0"),
        ({"gradient_weight": -1}, "at least 0"),
        ({"padding": "wrap"}, "no such name as 'wrap'"),
    ],
)
def test_a_wrong_setting_is_told_with_its_mend(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        losses.build(changes)


def test_half_precision_is_computed_in_float32() -> None:
    pair = {name: image.to(torch.bfloat16) for name, image in images(13).items()}
    assert losses.build({})(**pair).dtype is torch.float32
