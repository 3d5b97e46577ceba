"""Targets once per batch, and how many operations a level takes where launches count."""

import pytest
import torch
from torch import Tensor

from ablate import losses
from ablate.imaging import gradients
from ablate.imaging.resample import resize
from ablate.losses.components import axis_wise
from tests.reference.losses import by_convolution
from tests.reference.operations import Operations


def images(seed: int, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.rand(3, 2, 1, 48, 64, generator=generator, dtype=dtype)
    return dict(zip(("infrared", "visible", "fused"), drawn, strict=True))


def value_and_slope(loss: object, pair: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    fused = pair["fused"].detach().requires_grad_()
    value = loss(**{**pair, "fused": fused})  # type: ignore[operator]
    return value.detach(), torch.autograd.grad(value, fused)[0]


def count(levels: int, *, is_given: bool) -> int:
    loss = losses.build({"levels": levels, "gradient_weight": 1, "intensity_weight": 0})
    pair = images(0)
    if is_given:
        loss(**pair)
    with Operations() as operations:
        value_and_slope(loss, pair)
    return len(operations.names)


@pytest.mark.parametrize("levels", [1, 3])
@pytest.mark.parametrize("is_launch_bound", [False, True])
def test_value_and_slope_are_those_of_two_convolutions(
    levels: int, is_launch_bound: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradients, "is_launch_bound", lambda image: is_launch_bound)
    loss = losses.build({"levels": levels, "gradient_weight": 1, "intensity_weight": 0})
    pair = images(1)
    got = value_and_slope(loss, pair)
    wanted = value_and_slope(lambda **given: by_convolution(**given, levels=levels), pair)
    for mine, theirs in zip(got, wanted, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-14)


def test_a_level_takes_at_most_15_operations_where_launches_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    per_level = (count(4, is_given=True) - count(2, is_given=True)) / 2
    monkeypatch.setattr(gradients, "is_launch_bound", lambda image: True)
    assert (count(4, is_given=True) - count(2, is_given=True)) / 2 <= 15 < per_level
    assert (count(4, is_given=False) - count(2, is_given=False)) / 2 <= 25


@pytest.mark.parametrize("channels", [1, 2])
def test_axes_of_one_convolution_are_joined_as_any_others(channels: int) -> None:
    image = images(6)["fused"].expand(-1, channels, -1, -1) * torch.arange(1.0, channels + 1).view(
        -1, 1, 1
    )
    grad_x, grad_y = gradients._convolved(image, 1, 2, padding="zeros")
    assert (axis_wise(grad_x, grad_y) is grad_x._base) == (channels == 1)
    for one, other in (
        (grad_x, grad_y),
        (grad_y, grad_x),
        (grad_x[..., 1:], grad_y[..., 1:]),
        (grad_x, grad_x),
    ):
        assert torch.equal(axis_wise(one, other), torch.cat([one, other], dim=1))


@pytest.mark.parametrize("method", ["bilinear", "antialias"])
@pytest.mark.parametrize("side", [(24, 32), (12, 16), (31, 41), (1, 1), (60, 70)])
def test_a_pair_of_matrices_resamples_as_torch_does(
    method: str, side: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = images(5)["fused"]
    wanted = value_and_slope(
        lambda fused, **_: resize(fused, side, method=method).square().sum(), {"fused": image}
    )
    monkeypatch.setattr(gradients, "is_launch_bound", lambda image: True)
    found = value_and_slope(
        lambda fused, **_: resize(fused, side, method=method).square().sum(), {"fused": image}
    )
    for mine, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-13)
    with Operations() as operations:
        resize(image, side, method=method)
    assert operations.names == ["bmm", "bmm"]  # the matrices are kept, and copied for no image


def test_targets_are_computed_once_per_batch_and_anew_when_it_changes() -> None:
    loss, pair = losses.build({"gradient_weight": 1}), images(2)
    with Operations() as first:
        loss(**pair)
    with Operations() as second:
        before = loss(**{**pair, "fused": pair["fused"] * 0.5})
    assert first.names.count("where") == 3
    assert second.names.count("where") == 0
    pair["visible"].mul_(0.25)  # the same tensor with other values
    after = loss(**{**pair, "fused": pair["fused"] * 0.5})
    fresh = losses.build({"gradient_weight": 1})
    assert torch.equal(after, fresh(**{**pair, "fused": pair["fused"] * 0.5}))
    assert not torch.equal(before, after)
    swapped = {**pair, "infrared": pair["visible"], "visible": pair["infrared"].clone()}
    assert torch.equal(loss(**swapped), losses.build({"gradient_weight": 1})(**swapped))


def test_inference_tensors_do_not_tell_changes_and_are_not_remembered() -> None:
    loss = losses.build({"gradient_weight": 1})
    with torch.inference_mode():
        pair = images(3)
        before = loss(**pair)
        pair["visible"].mul_(0.5)
        after = loss(**pair)
        assert torch.equal(after, losses.build({"gradient_weight": 1})(**pair))
        assert not torch.equal(before, after)


@pytest.mark.parametrize("name", ["sobel", "scharr", "prewitt", "taps"])
@pytest.mark.parametrize("padding", ["zeros", "replicate", "reflect", "valid"])
@pytest.mark.parametrize("is_launch_bound", [False, True])
def test_gradcheck_of_the_operators(
    name: str, padding: str, is_launch_bound: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradients, "is_launch_bound", lambda image: is_launch_bound)
    operator = gradients.OPERATORS.get(name)
    image = images(4)["fused"][:1, :, :5, :6].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: operator(x, padding=padding), [image])
    assert torch.autograd.gradgradcheck(lambda x: operator(x, padding=padding), [image])
