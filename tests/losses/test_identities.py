"""Properties of the whole family, and what the design notes measured on real pairs.

Shares of real pairs are compared with a stated margin: those of the notes are of 25 other crops.
"""

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ablate import losses
from ablate.imaging.gradients import OPERATORS, sobel
from ablate.imaging.laplacians import LAPLACIANS
from ablate.imaging.resample import resize
from ablate.losses.diagnosis import frame_share
from ablate.losses.multi_scale import MultiScaleGradient, gradient_size, level_value
from ablate.losses.selection import joint_max, per_axis_max, signed_max
from ablate.settings.loss import LossSettings

# Random floats have no ties, but a few that differ by less than the tolerance.
TERM_ONLY = {"gradient_weight": 1.0, "intensity_weight": 0.0, "ties": "exact"}
NAMES = losses.names()
TWO_AXES = tuple(n for n in NAMES["components"] if n not in ("scalar", "image_mean"))
SUMS = ("signed_sum", "image_mean")

family = st.fixed_dictionaries(
    {
        "operator": st.sampled_from([*OPERATORS, *LAPLACIANS]),
        "components": st.sampled_from(TWO_AXES),
        "sign": st.sampled_from(NAMES["sign"]),
        "selection": st.sampled_from(NAMES["selection"]),
        "penalty": st.sampled_from(NAMES["penalty"]),
        "gain": st.sampled_from(NAMES["gain"]),
        "resampler": st.sampled_from([n for n in NAMES["resampler"] if n != "strided"]),
        "padding": st.sampled_from(NAMES["padding"]),
        "selected": st.sampled_from(NAMES["selected"]),
        "resampled_from": st.sampled_from(NAMES["resampled_from"]),
        "scales": st.sampled_from(["powers", [1, 0.6]]),
    }
).map(
    lambda chosen: chosen | ({"components": "scalar"} if chosen["operator"] in LAPLACIANS else {})
)
seeds = st.integers(0, 10**6)
by_example = settings(deadline=None, derandomize=True, max_examples=60)


def images(seed: int, side: int = 24) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(3, 1, 1, side, side, generator=generator, dtype=torch.float64)
    return dict(zip(("infrared", "visible", "fused"), values, strict=True))


def value(pair: dict[str, Tensor], **changes: Any) -> float:
    return float(losses.build({"levels": 2, **TERM_ONLY, **changes})(**pair))


@by_example
@given(seed=seeds, chosen=family)
def test_mirroring_changes_nothing_but_where_axes_or_signs_are_mixed(
    seed: int, chosen: dict[str, Any]
) -> None:
    is_signed = chosen["sign"] == "kept" and chosen["components"] in ("axis_wise", "scalar")
    if (
        chosen["operator"] == "forward"  # looks one way
        or chosen["components"] in SUMS
        or (chosen["selection"] == "signed_max" and is_signed and chosen["components"] != "scalar")
    ):
        return
    pair = images(seed)
    mirrored = {name: image.flip(-1) for name, image in pair.items()}
    assert value(mirrored, **chosen) == pytest.approx(value(pair, **chosen), rel=1e-9)


@pytest.mark.parametrize(
    "chosen", [{"components": "signed_sum"}, {"selection": "signed_max"}, {"operator": "forward"}]
)
def test_mirroring_changes_the_sum_the_signed_maximum_and_forward_differences(
    chosen: dict[str, Any],
) -> None:
    pair = images(1)
    mirrored = {name: image.flip(-1) for name, image in pair.items()}
    assert value(mirrored, **chosen) != pytest.approx(value(pair, **chosen), rel=1e-4)


@by_example
@given(seed=seeds, chosen=family)
def test_transposing_changes_nothing(seed: int, chosen: dict[str, Any]) -> None:
    pair = images(seed)
    turned = {name: image.transpose(-1, -2) for name, image in pair.items()}
    assert value(turned, **chosen) == pytest.approx(value(pair, **chosen), rel=1e-9)


@by_example
@given(seed=seeds, chosen=family)
def test_swapping_the_sources_swaps_the_choice(seed: int, chosen: dict[str, Any]) -> None:
    pair = images(seed)
    swapped = {**pair, "infrared": pair["visible"], "visible": pair["infrared"]}
    other = {"visible": "infrared", "infrared": "visible"}.get(chosen["selection"])
    changed = {**chosen, "selection": other or chosen["selection"]}
    assert value(swapped, **changed) == pytest.approx(value(pair, **chosen), rel=1e-9)
    if other:
        assert value(swapped, **chosen) != pytest.approx(value(pair, **chosen), rel=1e-6)


@by_example
@given(seed=seeds, chosen=family, shift=st.floats(0.1, 0.5))
def test_a_constant_added_changes_nothing_without_a_frame_of_zeros(
    seed: int, chosen: dict[str, Any], shift: float
) -> None:
    pair = images(seed)
    shifted = {name: image + shift for name, image in pair.items()}
    if chosen["padding"] == "zeros":
        chosen = {**chosen, "padding": "valid"}
    assert value(shifted, **chosen) == pytest.approx(value(pair, **chosen), rel=1e-7)


def test_a_constant_added_counts_in_a_frame_of_zeros() -> None:
    pair = images(2)
    shifted = {**pair, "fused": pair["fused"] + 0.5}
    assert value(shifted, padding="valid") == pytest.approx(value(pair, padding="valid"))
    assert value(shifted) > 1.02 * value(pair)


@by_example
@given(seed=seeds, chosen=family, factor=st.floats(0.2, 4))
def test_scaling_scales_by_the_penalty_s_power(
    seed: int, chosen: dict[str, Any], factor: float
) -> None:
    power = {"l1": 1, "l2": 2}.get(chosen["penalty"])
    is_gated = chosen["selection"] in ("soft", "soft_joint")
    if power is None or is_gated or chosen["components"] == "magnitude_l2":
        return  # have a unit of their own
    pair = images(seed)
    scaled = {name: image * factor for name, image in pair.items()}
    expected = value(pair, **chosen) * factor**power
    assert value(scaled, **chosen) == pytest.approx(expected, rel=1e-9)


def test_a_knee_or_a_gate_has_a_unit() -> None:
    pair = images(3)
    scaled = {name: image * 3 for name, image in pair.items()}
    for chosen in ({"penalty": "huber"}, {"penalty": "charbonnier"}, {"selection": "soft"}):
        assert value(scaled, **chosen) != pytest.approx(3 * value(pair, **chosen), rel=1e-3)


@by_example
@given(seed=seeds, chosen=family)
def test_equal_images_cost_nothing_and_others_something(seed: int, chosen: dict[str, Any]) -> None:
    pair = images(seed)
    same = dict.fromkeys(pair, pair["fused"])
    assert value(same, **chosen) == pytest.approx(0, abs=1e-14)
    assert value(pair, **chosen) > 1e-4


@settings(deadline=None, derandomize=True, max_examples=12)
@given(seed=seeds, chosen=family)
def test_gradcheck_over_the_family(seed: int, chosen: dict[str, Any]) -> None:
    pair = images(seed, side=16)
    corner = pair["fused"][..., :4, :4].clone().requires_grad_()
    loss = losses.build({"levels": 2, **TERM_ONLY, **chosen})

    def of(patch: Tensor) -> Tensor:
        fused = pair["fused"].clone()
        fused[..., :4, :4] = patch
        return loss(**{**pair, "fused": fused})

    assert torch.autograd.gradcheck(of, [corner], eps=1e-8, atol=1e-4, rtol=1e-3)


def test_a_steep_gate_is_the_maximum_and_a_flat_one_the_mean() -> None:
    pair = images(4)
    hard, even = value(pair), value(pair, selection="mean")
    assert value(pair, selection="soft", gate_slope=1e9) == pytest.approx(hard)
    assert value(pair, selection="soft", gate_slope=1e-6) == pytest.approx(even, rel=1e-4)
    assert hard != pytest.approx(even, rel=1e-2)


@pytest.mark.parametrize("penalty", ["charbonnier", "huber"])
def test_a_knee_near_zero_is_l1_and_a_high_one_half_of_l2(penalty: str) -> None:
    pair = images(5)
    low, high = 1e-9, 1e4
    linear = value(pair, penalty=penalty, knee=low) / (low if penalty == "huber" else 1)
    assert linear == pytest.approx(value(pair, penalty="l1"), rel=1e-6)
    square = value(pair, penalty=penalty, knee=high) * (1 if penalty == "huber" else high)
    assert square == pytest.approx(value(pair, penalty="l2") / 2, rel=1e-4)
    huber = value(pair, penalty="huber", knee=2.0)
    assert huber == pytest.approx(
        sum(
            float(torch.nn.functional.huber_loss(cost, torch.zeros_like(cost), delta=2.0))
            for cost in raw_differences(pair)
        )
        / 2
    )


def raw_differences(pair: dict[str, Tensor]) -> list[Tensor]:
    """Per level and axis, by dense convolution."""
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=torch.float64)
    found = []
    for side, turned in itertools.product((24, 12), (kernel, kernel.T.contiguous())):
        g = {
            name: torch.nn.functional.conv2d(
                image
                if side == 24
                else torch.nn.functional.interpolate(image, (side, side), mode="bilinear"),
                turned[None, None],
                padding=1,
            )
            for name, image in pair.items()
        }
        i, v = g["infrared"], g["visible"]
        found.append(g["fused"] - torch.where(v.abs() >= i.abs(), v, i))
    return found


def test_a_choice_made_once_is_that_of_full_size_resized() -> None:
    pair = images(6)
    small = {name: resize(image, (12, 12), method="area") for name, image in pair.items()}
    share = torch.cat(
        [
            resize((i.abs() > v.abs()).double(), (12, 12), method="area")
            for i, v in zip(sobel(pair["infrared"]), sobel(pair["visible"]), strict=True)
        ],
        dim=1,
    )
    i, v, f = (torch.cat(sobel(small[name]), dim=1) for name in ("infrared", "visible", "fused"))
    expected = (f - (share * i + (1 - share) * v)).abs().mean(dim=(0, 2, 3)).sum()
    once = losses.build({"levels": 2, "selected": "once", "resampler": "area", **TERM_ONLY})
    once(**pair)
    assert float(once.last_terms["gradient/level2"]) == pytest.approx(float(expected))
    again = losses.build({"levels": 2, "resampler": "area", **TERM_ONLY})
    again(**pair)
    assert float(again.last_terms["gradient/level1"]) == pytest.approx(
        float(once.last_terms["gradient/level1"])
    )
    assert float(again.last_terms["gradient/level2"]) != pytest.approx(float(expected), rel=1e-3)


# Section 4 of the design notes.


@settings(deadline=None, derandomize=True, max_examples=30)
@given(seed=seeds, levels=st.integers(1, 2))
def test_at_the_mean_image_four_variants_have_one_value(seed: int, levels: int) -> None:
    pair = images(seed)
    pair["fused"] = (pair["infrared"] + pair["visible"]) / 2
    variants: list[dict[str, Any]] = [
        {},
        {"sign": "free"},
        {"selection": "joint_max"},
        {"selection": "signed_max"},
    ]
    found = [value(pair, levels=levels, **chosen) for chosen in variants]
    per_axis, free, joint, signed = found
    assert per_axis == pytest.approx(free, rel=1e-12)
    assert joint == pytest.approx(per_axis, rel=1e-12)
    assert signed == pytest.approx(per_axis, rel=1e-12)
    away = {**pair, "fused": pair["fused"] ** 2}
    apart = [value(away, levels=levels, **chosen) for chosen in variants]
    assert len({round(number, 6) for number in apart}) == 4


def test_share_of_the_frame_by_crop_and_level(roadscene: dict[str, Tensor]) -> None:
    notes = {64: (23, 34, 47, 61), 128: (11, 17, 26, 38), 256: (4.6, 7.2, 11, 17)}
    for side, percents in notes.items():
        tiles = {name: image[..., :side, :side] for name, image in roadscene.items()}
        zeros = shares_of_the_frame(tiles)
        for share, percent in zip(zeros, percents, strict=True):
            assert 100 * share == pytest.approx(percent, rel=0.1)
        replicate = shares_of_the_frame(tiles, padding="replicate")
        for less, share in zip(replicate, zeros, strict=True):
            assert 0.1 < less / share < 0.65


def shares_of_the_frame(pair: dict[str, Tensor], padding: str = "zeros") -> list[float]:
    term = MultiScaleGradient(LossSettings(levels=4, padding=padding))
    fused = (pair["infrared"] + pair["visible"]) / 2
    return [float(frame_share(cost)) for cost in term.maps(**pair, fused=fused)]


@pytest.mark.parametrize(
    ("ratio", "method", "share"),
    [
        (0.25, "bilinear", 0.25),
        (0.125, "bilinear", 0.0625),
        (0.5, "bilinear", 1.0),
        (0.25, "antialias", 1.0),
        (0.25, "area", 1.0),
        (0.25, "gaussian", 1.0),
        (0.25, "strided", 0.0625),
    ],
)
def test_how_many_pixels_a_level_sends_its_gradient_to(
    ratio: float, method: str, share: float
) -> None:
    image = images(7, side=64)["fused"].requires_grad_()
    side = round(64 * ratio)
    resize(image, (side, side), method=method).sum().backward()
    assert image.grad is not None
    assert float((image.grad != 0).double().mean()) == share


def test_level_losses_grow_so_equal_weights_are_no_equal_shares(
    roadscene: dict[str, Tensor],
) -> None:
    term = MultiScaleGradient(LossSettings(levels=4))
    fused = (roadscene["infrared"] + roadscene["visible"]) / 2
    values = [float(level_value(cost)) for cost in term.maps(**roadscene, fused=fused)]
    for found, notes in zip(values, (1, 1.30, 1.72, 2.28), strict=True):
        assert found / values[0] == pytest.approx(notes, rel=0.1)
    shares = [100 * number / sum(values[:3]) for number in values[:3]]
    assert shares == pytest.approx([25, 32, 43], abs=2)


def test_tc_moa_pulls_a_third_as_hard_as_the_others_and_its_taps_are_the_reason(
    roadscene: dict[str, Tensor],
) -> None:
    fused = ((roadscene["infrared"] + roadscene["visible"]) / 2).requires_grad_()

    def size(**chosen: Any) -> float:
        term = MultiScaleGradient(LossSettings(levels=1, **chosen))
        return float(gradient_size(term(**roadscene, fused=fused), fused))

    signed = size()
    for chosen in ({"sign": "free"}, {"components": "magnitude_l1"}):
        assert size(**chosen) == pytest.approx(signed, rel=0.15)
    assert signed / size(components="signed_sum", operator="taps") == pytest.approx(2.8, rel=0.15)
    assert signed / size(components="signed_sum") == pytest.approx(1.2, rel=0.05)


def test_signs_disagree_and_axes_mix_and_sums_cancel(roadscene: dict[str, Tensor]) -> None:
    of = {
        name: torch.cat(sobel(image, padding="valid"), dim=1) for name, image in roadscene.items()
    }
    infrared, visible = of["infrared"], of["visible"]
    energy = infrared.abs() * visible.abs()
    disagree = float(energy[infrared * visible < 0].sum() / energy.sum())
    assert 0.42 < disagree < 0.58  # 52 to 54 % in the notes: about as often as not
    per_axis = per_axis_max(infrared, visible)
    mixed = float((per_axis[:, 0] != per_axis[:, 1]).double().mean())
    assert mixed == pytest.approx(0.34, abs=0.05)
    joint = joint_max(infrared, visible)
    assert joint.shape[1] == 1
    strength = visible.abs().sum(1)
    assert float(visible.sum(1).abs().sum() / strength.sum()) == pytest.approx(0.74, abs=0.04)
    wrong = float((signed_max(infrared, visible) != per_axis).double().mean())
    assert 0.44 < wrong < 0.52
