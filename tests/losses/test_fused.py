"""The Triton kernels against the torch form; on a CPU by Triton's interpreter, where it is there."""

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ablate import losses
from ablate.losses import fused
from ablate.losses.multi_scale import MultiScaleGradient, level_value
from ablate.settings.loss import LossSettings, loss_settings
from ablate.settings.setting import field

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
if DEVICE == "cpu":
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when kernels are first imported
needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="triton is not installed"
)
VARIANTS: dict[str, dict[str, Any]] = {
    "signed": {},
    "signed, exact ties": {"ties": "exact"},
    "signed, joint": {"selection": "joint_max", "ties": "exact"},
    "sign_free": {"sign": "free"},
    "sign_free, joint": {"sign": "free", "selection": "joint_max", "ties": "exact"},
    "magnitude": {"components": "magnitude_l1"},
    "signed_sum": {"components": "signed_sum"},
    "signed_sum, y up": {"components": "signed_sum", "y_axis": "up"},
    "scharr": {"operator": "scharr"},
    "taps, unit gain": {"operator": "taps", "gain": "unit"},
    "prewitt": {"operator": "prewitt"},
}


def images(seed: int, height: int = 19, width: int = 26) -> dict[str, Tensor]:
    drawn = torch.rand(3, 2, 1, height, width, generator=torch.Generator().manual_seed(seed))
    return dict(zip(("infrared", "visible", "fused"), drawn.to(DEVICE), strict=True))


def value_and_slope(term: Any, pair: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    leaf = pair["fused"].detach().requires_grad_()
    value = term(**{**pair, "fused": leaf})
    return value.detach(), torch.autograd.grad(value * 3, leaf)[0]


def torch_form(term: MultiScaleGradient) -> Any:
    return lambda **pair: term.total([level_value(each) for each in term.maps(**pair)])


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Use the kernels on any device; the list grows by one per level that they computed."""
    used: list[int] = []
    level = fused.level_value
    monkeypatch.setattr(fused, "is_usable", lambda image, smallest_px: smallest_px >= 3)

    def counted(**given: Any) -> Any:
        used.append(1)
        return level(**given)

    monkeypatch.setattr(fused, "level_value", counted)
    return used


def agree(term: MultiScaleGradient, pair: dict[str, Tensor]) -> None:
    value, slope = value_and_slope(term, pair)
    wanted, wanted_slope = value_and_slope(torch_form(term), pair)
    torch.testing.assert_close(value, wanted, rtol=1e-5, atol=1e-6)  # sums in another order
    # a slope is a sum of whole taps over the number of pixels: a wrong sign is 1 of them
    torch.testing.assert_close(slope, wanted_slope, rtol=1e-4, atol=1e-3 / pair["fused"].numel())


QUICK = [(variant, "zeros") for variant in VARIANTS] + [("signed", p) for p in fused.PADDINGS[1:]]
REST = [(variant, padding) for variant in VARIANTS for padding in fused.PADDINGS]


@needs_triton
@pytest.mark.parametrize(
    ("variant", "padding"),
    [
        *QUICK,
        *(pytest.param(*one, marks=pytest.mark.slow) for one in REST if one not in QUICK),
    ],
)
def test_value_and_slope_are_those_of_the_torch_form(
    variant: str, padding: str, kernels: list[int]
) -> None:
    agree(
        MultiScaleGradient(LossSettings(levels=1, padding=padding, **VARIANTS[variant])),
        images(1, 13, 22),
    )
    assert kernels == [1]


@needs_triton
@pytest.mark.parametrize(
    "geometry",
    [
        {"levels": 2, "ratio": 0.63, "weights": "geometric", "weight_growth": 0.5},
        {"levels": 2, "scales": (0.7, 0.3), "resampler": "antialias"},
        {"levels": 3, "resampled_from": "finer_level", "resampler": "area", "padding": "reflect"},
    ],
)
def test_any_pyramid_goes_with_them(geometry: dict[str, Any], kernels: list[int]) -> None:
    agree(MultiScaleGradient(LossSettings(**geometry)), images(2))
    assert len(kernels) == geometry["levels"]


@needs_triton
@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    height=st.integers(3, 9),
    width=st.integers(3, 40),
    padding=st.sampled_from(fused.PADDINGS),
    variant=st.sampled_from(sorted(VARIANTS)),
)
def test_any_size_and_any_grey_levels(
    seed: int, height: int, width: int, padding: str, variant: str
) -> None:
    """Few grey levels: ties and zeros everywhere, where a wrong choice or sign would show."""
    term = MultiScaleGradient(LossSettings(levels=1, padding=padding, **VARIANTS[variant]))
    form = term._form
    assert form is not None
    pair = {name: (image * 4).round() / 4 for name, image in images(seed, height, width).items()}
    if "taps" not in variant:  # other taps are exact, so that ties are ties in both
        value, slope = value_and_slope(lambda **p: fused.level_value(**p, form=form), pair)
        wanted, wanted_slope = value_and_slope(torch_form(term), pair)
        torch.testing.assert_close(value, wanted, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(slope, wanted_slope, rtol=1e-4, atol=1e-3 / slope.numel())


@needs_triton
def test_the_visible_as_fused_image_costs_nothing_where_it_is_the_target(
    kernels: list[int],
) -> None:
    pair = images(3)
    pair["infrared"] = pair["visible"].clone()
    term = MultiScaleGradient(LossSettings(operator="taps"))
    value, slope = value_and_slope(term, {**pair, "fused": pair["visible"]})
    assert float(value) == 0
    assert not slope.any()


@needs_triton
@pytest.mark.slow
def test_every_form_compiles_for_a_gpu() -> None:
    words = [sys.executable, str(Path(__file__).with_name("compiling.py"))]
    paths = [str(Path(__file__).parents[2]), *sys.path]
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    said = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr[-500:]
    assert said.stdout == "32\n"  # all different


@needs_triton
def test_a_wrong_choice_would_be_seen() -> None:
    """The kernels of one variant do not pass for another one."""
    pair = images(4)
    terms = [MultiScaleGradient(LossSettings(levels=1, **given)) for given in VARIANTS.values()]
    terms = terms[1:7]  # the first two differ at ties alone
    for one in terms:
        assert one._form is not None
        mine = fused.level_value(**pair, form=one._form)
        near = [torch.allclose(mine, torch_form(other)(**pair)) for other in terms]
        assert sum(near) == 1


@needs_triton
def test_grey_levels_that_tie_but_for_rounding_have_the_visible_as_target(
    kernels: list[int],
) -> None:
    grey = torch.randint(0, 256, (2, 1, 16, 16), generator=torch.Generator().manual_seed(6))
    pair = {"visible": grey / 255, "infrared": (255 - grey) / 255, "fused": grey / 255}
    pair = {name: image.to(DEVICE) for name, image in pair.items()}
    tolerant = MultiScaleGradient(LossSettings(levels=2, padding="replicate"))
    exact = MultiScaleGradient(LossSettings(levels=2, padding="replicate", ties="exact"))
    assert float(tolerant(**pair)) < 1e-5  # opposite everywhere: visible is the target
    assert float(exact(**pair)) > 0.1
    assert len(kernels) == 4


@needs_triton
def test_norms_and_the_whole_loss_use_them_too(kernels: list[int]) -> None:
    pair = images(5, height=16, width=16)
    loss = losses.build({"norm": "grad", "lambda_policy": "norm_matched", "levels": 2})
    loss.calibrate(infrared=pair["infrared"], visible=pair["visible"])
    kernels.clear()
    value = loss(**pair)
    assert len(kernels) == 2
    plain = losses.build({"norm": "grad", "lambda_policy": "norm_matched", "levels": 2}).double()
    doubled = {name: image.double() for name, image in pair.items()}
    plain.calibrate(infrared=pair["infrared"], visible=pair["visible"])
    torch.testing.assert_close(value.double(), plain(**doubled), rtol=1e-5, atol=0)
    assert torch.equal(loss(**pair), value)  # sources kept
    pair["visible"].mul_(0.5)
    assert not torch.equal(loss(**pair), value)  # and not kept too long


@pytest.mark.parametrize(
    "other",
    [
        {"operator": "laplacian"},
        {"operator": "central"},
        {"components": "magnitude_l2"},
        {"components": "image_mean"},
        {"selection": "soft"},
        {"selection": "signed_max"},
        {"selected": "once"},
        {"penalty": "l2"},
        {"selection": "joint_max", "components": "signed_sum", "ties": "exact"},
        {"selection": "joint_max"},
        {"compared": "low_pass"},
        {"target_exponent": 0.7},
    ],
)
def test_what_they_do_not_claim_is_computed_in_torch(other: dict[str, Any]) -> None:
    assert MultiScaleGradient(LossSettings(**other))._form is None
    assert MultiScaleGradient()._form is not None


def test_a_setting_that_they_do_not_know_is_computed_in_torch() -> None:
    """A setting that is added later changes the loss in torch, and the kernels would ignore it."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Later(LossSettings):
        clip: float = field("float", 0.0, low=0, absent=0.0)

    assert fused.form_of(Later(), tolerance=0) is not None
    assert fused.form_of(Later(clip=0.5), tolerance=0) is None
    assert fused.form_of(LossSettings(of_steps={"knee": 0.1}), tolerance=0) is not None
    for of_steps in ({"knee": 0.2}, {"sharpness": 1.0}):
        assert fused.form_of(LossSettings(of_steps=of_steps), tolerance=0) is None


def test_of_a_supported_setting_every_value_is_claimed_or_none_is_named() -> None:
    known = loss_settings()
    assert set(fused.SUPPORTED) <= set(known)
    for name, values in fused.SUPPORTED.items():
        assert values is None or known[name].default in values, name


def test_cpu_images_doubles_and_tiny_levels_are_computed_in_torch() -> None:
    assert not fused.is_usable(torch.zeros(1, 1, 32, 32), smallest_px=32)
    if DEVICE == "cuda":
        assert not fused.is_usable(torch.zeros(1, device=DEVICE).double(), smallest_px=32)
        assert not fused.is_usable(torch.zeros(1, device=DEVICE), smallest_px=2)
