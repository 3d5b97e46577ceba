"""Equally large responses have the visible as target, whatever the arithmetic rounds off."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ablate import losses
from ablate.imaging.gradients import OPERATORS
from ablate.imaging.laplacians import LAPLACIANS
from ablate.imaging.resample import RESAMPLERS
from ablate.losses.multi_scale import MultiScaleGradient
from ablate.settings.loss import LossSettings, loss_settings
from ablate.settings.setting import absent_of
from ablate.study.recipes import canonical, identity_of

Pair = dict[str, Tensor]
FORMS: list[dict[str, Any]] = [
    {"selection": selection, "gain": gain, "padding": padding}
    for selection, gain, padding in itertools.product(
        ("per_axis_max", "joint_max", "signed_max"), ("raw", "unit"), ("zeros", "replicate")
    )
] + [
    {"operator": "taps", "components": "signed_sum"},
    {"operator": "scharr", "resampled_from": "finer_level"},
    {"operator": "laplacian8", "gain": "unit"},
    {"operator": "laplacian", "compared": "low_pass", "levels": 1},
    {"components": "magnitude_l1"},
    {"sign": "free", "selection": "joint_max"},
]


def greys(seed: int, *, side: int = 32, most: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """Two 8-bit images whose rows and columns repeat often enough for many ties."""
    drawn = np.random.default_rng(seed).integers(0, most, (2, 2, 1, side, side))
    infrared, visible = drawn
    visible[..., ::2, :] = infrared[..., ::2, ::-1]
    return infrared, visible


def images(infrared: np.ndarray, visible: np.ndarray, dtype: torch.dtype) -> Pair:
    return {
        name: torch.from_numpy(grey).to(dtype) / 255
        for name, grey in (("infrared", infrared), ("visible", visible))
    }


def costs(pair: Pair, **form: Any) -> list[Tensor]:
    """Return per level how far the visible's response is from the target: 0 where it is the target."""
    term = MultiScaleGradient(LossSettings(**form))
    return [cost.double() for cost in term.maps(**pair, fused=pair["visible"])]


def differing(pair: Pair, **form: Any) -> float:
    """Return the share of targets that float32 and float64 choose differently."""
    single = {name: image.float() for name, image in pair.items()}
    far = [
        ((one - other).abs() > 1e-4).double().mean()
        for one, other in zip(costs(single, **form), costs(pair, **form), strict=True)
    ]
    return float(torch.stack(far).mean())


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_float32_and_float64_choose_the_same_targets_of_8_bit_images(form: dict[str, Any]) -> None:
    pair = images(*greys(1, most=16), torch.float64)
    assert differing(pair, **form) == 0


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_they_do_on_real_pairs_too(roadscene: Pair, form: dict[str, Any]) -> None:
    """But for the low-pass, whose taps of four digits leave the grid of grey levels."""
    share = differing({name: image[:4] for name, image in roadscene.items()}, **form)
    assert share == 0 if "compared" not in form else share < 1e-5


def test_compared_as_floats_they_do_not(roadscene: Pair) -> None:
    assert differing(roadscene, levels=1, ties="exact") > 0.002
    assert differing(images(*greys(1, most=16), torch.float64), levels=1, ties="exact") > 0.002


def sobel_of_greys(grey: np.ndarray) -> np.ndarray:
    """Both axes in whole numbers, without the frame: (batch, 2, height - 2, width - 2)."""
    rows = grey[..., :-2, :] + 2 * grey[..., 1:-1, :] + grey[..., 2:, :]
    columns = grey[..., :-2] + 2 * grey[..., 1:-1] + grey[..., 2:]
    return np.concatenate(
        [rows[..., 2:] - rows[..., :-2], columns[..., 2:, :] - columns[..., :-2, :]], axis=1
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("selection", ["per_axis_max", "joint_max"])
@pytest.mark.parametrize("halvings", [0, 1])
def test_the_targets_are_those_of_whole_numbers(
    halvings: int, selection: str, dtype: torch.dtype
) -> None:
    infrared, visible = greys(2, most=16)
    pair = images(infrared, visible, dtype)
    for _ in range(halvings):  # four times the grey levels of the mean of four pixels
        infrared, visible = (
            np.sum([grey[..., row::2, column::2] for row in (0, 1) for column in (0, 1)], axis=0)
            for grey in (infrared, visible)
        )
    one, other = sobel_of_greys(infrared), sobel_of_greys(visible)
    size_one, size_other = (
        (abs(size) if selection == "per_axis_max" else np.linalg.norm(size, axis=1, keepdims=True))
        for size in (one, other)
    )
    is_larger = size_one - size_other > 0.02 * 4**halvings  # magnitudes may lie closer than 1
    expected = abs(np.where(is_larger, one, other) - other) / 255 / 4**halvings
    form = {"selection": selection, "padding": "valid", "levels": halvings + 1}
    torch.testing.assert_close(
        costs(pair, **form)[halvings], torch.from_numpy(expected), rtol=0, atol=1e-5
    )
    ties = ~is_larger & (abs(size_one - size_other) < 1e-9) & (one != other)
    assert ties.mean() > 0.001


@pytest.mark.parametrize("selection", ["per_axis_max", "joint_max"])
def test_swapping_the_sources_swaps_the_choice_but_at_ties(selection: str) -> None:
    infrared, visible = greys(3, most=16)
    form = {"selection": selection, "levels": 1, "padding": "valid"}
    chosen = [
        costs(images(*both, torch.float32), **form)[0] > 1e-3
        for both in ((infrared, visible), (visible, infrared))
    ]
    assert not (chosen[0] & chosen[1]).any()
    one, other = sobel_of_greys(infrared), sobel_of_greys(visible)
    squares = [(size**2).sum(1, keepdims=True) for size in (one, other)]
    ties = abs(one) == abs(other) if selection == "per_axis_max" else squares[0] == squares[1]
    is_same = torch.from_numpy(np.broadcast_to(ties, one.shape) | (one == other))
    assert torch.equal(~(chosen[0] | chosen[1]), is_same)
    assert is_same.double().mean() > 0.01


@pytest.mark.parametrize(
    "form",
    [
        *({"operator": name, "padding": "replicate"} for name in (*OPERATORS, *LAPLACIANS)),
        *({"resampler": name, "ratio": 0.63, "padding": "replicate"} for name in RESAMPLERS),
        {"gain": "unit", "resampled_from": "finer_level", "levels": 3, "padding": "reflect"},
        {"components": "signed_sum", "padding": "valid"},
        {"selected": "once", "padding": "replicate"},
        {"selection": "joint_max", "ratio": 0.7, "padding": "valid"},
        {"selection": "joint_max", "gain": "unit", "operator": "scharr", "padding": "valid"},
    ],
    ids=str,
)
def test_of_a_pair_of_negatives_the_visible_is_the_target_everywhere(form: dict[str, Any]) -> None:
    infrared, _ = greys(4, side=40)
    pair = images(infrared, 255 - infrared, torch.float32)
    for cost in costs(pair, **{"levels": 2, **form}):
        assert float(cost.max()) < 1e-4
    wrong = costs(pair, **{"levels": 2, **form}, ties="exact")
    assert max(float(cost.max()) for cost in wrong) > 0.01  # it is in float32 that they differ


def test_built_in_python_it_is_tolerant_and_recorded_without_it_it_was_exact() -> None:
    infrared, _ = greys(6)
    pair = images(infrared, 255 - infrared, torch.float32)
    pair["fused"] = pair["visible"]
    term: dict[str, Any] = {"intensity_weight": 0.0, "padding": "replicate", "levels": 1}
    assert float(losses.build(term)(**pair)) < 1e-3
    assert float(losses.build(losses.canonical(term))(**pair)) > 1
    assert losses.canonical(term)["ties"] == "exact"


def test_settings_at_what_a_recorded_study_meant_hash_like_absent_ones() -> None:
    def identity(**loss: Any) -> dict[str, Any]:
        return identity_of(canonical({"train": {"steps": 1}, "loss": loss}))["loss"]

    absent = absent_of(loss_settings())
    assert len(absent) == 7
    assert identity(**absent) == identity()
    assert not set(absent) & set(identity())
    for other in ({"ties": "tolerant"}, {"tied_target": "infrared"}, {"target_exponent": 0.7}):
        assert identity(**other) == {**identity(), **other}


@pytest.mark.parametrize(
    "inert",
    [
        {"selection": "visible"},
        {"selection": "mean"},
        {"selection": "soft"},
        {"sign": "free"},
        {"selection": "signed_max"},
        {"components": "magnitude_l1"},
        {"gradient_weight": 0},
        {"preset": "seafusion"},
        {"preset": "text_if"},
    ],
    ids=str,
)
def test_where_a_tie_decides_nothing_the_setting_has_no_effect(inert: dict[str, Any]) -> None:
    tolerant = losses.canonical({**inert, "ties": "tolerant"})
    assert tolerant == losses.canonical(inert)
    assert "ties" not in tolerant


@pytest.mark.parametrize(
    "matters",
    [
        {},
        {"selection": "joint_max"},
        {"selection": "joint_max", "sign": "free"},
        {"components": "signed_sum"},
        {"operator": "laplacian"},
        {"sign": "free", "selected": "once"},
        {"sign": "free", "compared": "low_pass"},
        {"components": "magnitude_l1", "lambda_policy": "norm_matched"},
    ],
    ids=str,
)
def test_elsewhere_the_rules_are_two_arms(matters: dict[str, Any]) -> None:
    assert losses.canonical(matters)["ties"] == "exact"
    assert losses.canonical({**matters, "ties": "tolerant"})["ties"] == "tolerant"
