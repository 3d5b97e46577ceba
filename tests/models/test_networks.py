"""What every registered network promises; a new one is covered by being registered."""

import copy
from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ablate import models
from ablate.errors import ShapeError
from ablate.models.contract import MODELS, Fused, FusionNetwork, parameter_count
from ablate.models.cost import flops
from ablate.training.initialisation import initialise

NETWORKS = [name for name in MODELS.names() if issubclass(MODELS.get(name), FusionNetwork)]
SMALL = {"width": 8}
COUNTS = {
    "cddfuse": 18720,
    "densefuse": 74193,
    "restormer": 218027,
    "seafusion": 164929,
    "unet": 482225,
}
GMACS_AT_128 = {
    "cddfuse": 0.476,
    "densefuse": 1.442,
    "restormer": 1.017,
    "seafusion": 2.720,
    "unet": 0.578,
}


@cache
def network(name: str, seed: int = 0) -> FusionNetwork:
    model = models.build({"name": name, **SMALL})
    initialise(model, seed=seed)
    return model


def pair(height: int, width: int, *, seed: int = 0, batch: int = 1) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    infrared, visible = torch.rand(2, batch, 1, height, width, generator=generator)
    return infrared, visible


def fuse(model: FusionNetwork, infrared: Tensor, visible: Tensor) -> Tensor:
    with torch.no_grad():
        return model(infrared=infrared, visible=visible)


@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(extra=st.tuples(st.integers(0, 20), st.integers(0, 20)), seed=st.integers(0, 9))
def test_any_size_from_the_smallest_keeps_its_shape_and_the_unit_range(
    name: str, extra: tuple[int, int], seed: int
) -> None:
    model = network(name)
    size = tuple(model.smallest_px + more for more in extra)
    infrared, visible = pair(*size, seed=seed, batch=2)
    fused = fuse(model, infrared, visible)
    assert fused.shape == infrared.shape
    assert 0 <= float(fused.min()) <= float(fused.max()) <= 1
    assert bool(torch.isfinite(fused).all())


@pytest.mark.parametrize("name", NETWORKS)
def test_black_and_white_images_stay_in_the_unit_range(name: str) -> None:
    for level in (0.0, 1.0):
        flat = torch.full((1, 1, 9, 9), level)
        fused = fuse(network(name), flat, 1 - flat)
        assert 0 <= float(fused.min()) <= float(fused.max()) <= 1


@pytest.mark.parametrize("name", NETWORKS)
def test_what_does_not_fit_is_refused_with_one_line(name: str) -> None:
    model = network(name)
    infrared, visible = pair(8, 8)
    for wrong in (visible[..., :7], visible.repeat(1, 3, 1, 1), visible[0]):
        with pytest.raises(ShapeError, match=r"one shape; pass luminance") as error:
            model(infrared=infrared, visible=wrong)
        assert "\n" not in str(error.value)
    below = model.smallest_px - 1
    with pytest.raises(ShapeError, match="is too small; give images of at least"):
        model(infrared=infrared[..., :below], visible=visible[..., :below])


@pytest.mark.parametrize("name", NETWORKS)
def test_a_size_that_needs_no_frame_is_given_to_the_network_as_it_is(name: str) -> None:
    model = network(name)
    infrared, visible = pair(16, 24)
    found = model.fuse(infrared=infrared, visible=visible)
    whole = (found.image if isinstance(found, Fused) else found).detach()
    assert torch.equal(whole, fuse(model, infrared, visible))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_gets_a_gradient_and_both_sources_matter(name: str) -> None:
    model = copy.deepcopy(network(name))
    infrared, visible = pair(17, 13, batch=2)
    infrared.requires_grad_()
    visible.requires_grad_()
    (model(infrared=infrared, visible=visible) * pair(17, 13, seed=5)[0]).sum().backward()
    dead = [
        key
        for key, value in model.named_parameters()
        if value.grad is None or not bool(value.grad.abs().sum() > 0)
    ]
    assert dead == []
    for source in (infrared, visible):
        assert source.grad is not None
        assert bool(source.grad.abs().sum() > 0)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_seed_fixes_the_output_bit_for_bit_and_another_seed_changes_it(name: str) -> None:
    infrared, visible = pair(19, 16)
    torch.manual_seed(1)
    one = models.build({"name": name, **SMALL})
    torch.manual_seed(2)  # the global state must not matter
    two = models.build({"name": name, **SMALL})
    initialise(one, seed=3)
    initialise(two, seed=3)
    assert torch.equal(fuse(one, infrared, visible), fuse(two, infrared, visible))
    initialise(two, seed=4)
    assert not torch.equal(fuse(one, infrared, visible), fuse(two, infrared, visible))


@pytest.mark.parametrize("name", NETWORKS)
def test_two_trainings_give_the_same_weights(name: str) -> None:
    weights = []
    for _ in range(2):
        model = models.build({"name": name, **SMALL})
        initialise(model, seed=0)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for step in range(3):
            infrared, visible = pair(16, 16, seed=step)
            optimizer.zero_grad()
            (model(infrared=infrared, visible=visible) - infrared).square().mean().backward()
            optimizer.step()
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.equal(*weights)


@pytest.mark.parametrize("name", NETWORKS)
def test_bf16_autocast_is_close_to_fp32_and_not_equal(name: str) -> None:
    infrared, visible = pair(16, 16)
    whole = fuse(network(name), infrared, visible)
    with torch.autocast("cpu", torch.bfloat16):
        half = fuse(network(name), infrared, visible).float()
    assert not torch.equal(whole, half)
    torch.testing.assert_close(half, whole, atol=0.02, rtol=0)  # bf16 has 8 bits of precision


@pytest.mark.parametrize("name", NETWORKS)
def test_the_weights_survive_a_state_dict(name: str) -> None:
    infrared, visible = pair(12, 12)
    other = models.build({"name": name, **SMALL})
    other.load_state_dict(network(name).state_dict())
    assert torch.equal(fuse(network(name), infrared, visible), fuse(other, infrared, visible))


def test_sizes_are_what_they_were() -> None:
    asked: dict[str, dict[str, Any]] = {name: {"name": name} for name in NETWORKS}
    asked["unet"] = {"name": "unet", "width": 16, "depth": 3}
    built = {name: models.build(settings) for name, settings in asked.items()}
    assert {name: parameter_count(model) for name, model in built.items()} == COUNTS
    assert {
        name: round(flops(model, height_px=128, width_px=128) / 2e9, 3)
        for name, model in built.items()
    } == GMACS_AT_128


def test_the_seafusion_count_is_that_of_its_layers_without_sobel_and_norms() -> None:
    def conv(inputs: int, outputs: int, side: int) -> int:
        return side * side * inputs * outputs + outputs

    def block(inputs: int, outputs: int) -> int:
        dense = conv(inputs, inputs, 3) + conv(2 * inputs, inputs, 3)
        return dense + conv(3 * inputs, outputs, 1) + conv(inputs, outputs, 1)

    stream = conv(1, 16, 3) + block(16, 32) + block(32, 48)
    decoder = conv(96, 64, 3) + conv(64, 32, 3) + conv(32, 16, 3) + conv(16, 1, 3)
    assert COUNTS["seafusion"] == 2 * stream + decoder


def test_the_cost_of_a_convolution_is_two_per_multiply_add_and_grows_with_the_area() -> None:
    class Blur(FusionNetwork):
        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Conv2d(2, 1, 3, padding=1)

        def fuse(self, *, infrared: Tensor, visible: Tensor) -> Tensor:
            return self.conv(torch.cat([infrared, visible], dim=1)).sigmoid()

    model = Blur().train()
    assert flops(model, height_px=5, width_px=7) == 2 * (5 * 7) * (2 * 9)
    assert flops(model, height_px=10, width_px=7) == 2 * flops(model, height_px=5, width_px=7)
    assert model.training
    assert all(p.grad is None for p in model.parameters())


def test_the_pixel_shuffle_of_the_unet_is_a_two_by_two_up_convolution() -> None:
    unet: Any = network("unet")
    up = unet.up[0]
    features = torch.rand(1, up[0].in_channels, 3, 5)
    weight = up[0].weight[:, :, 0, 0].unflatten(0, (-1, 2, 2)).permute(3, 0, 1, 2)
    same = torch.nn.functional.conv_transpose2d(features, weight, stride=2)
    bias = up[0].bias.unflatten(0, (-1, 2, 2)).tile(1, 3, 5)
    torch.testing.assert_close(up(features), same + bias)


def test_channel_attention_does_not_care_where_a_pixel_lies() -> None:
    from ablate.models.transformer import ChannelAttention

    attention = ChannelAttention(4, 2)
    with torch.no_grad():
        depthwise = attention.project[1]
        assert isinstance(depthwise, nn.Conv2d)
        depthwise.weight.zero_()
        depthwise.weight[:, :, 1, 1] = 1  # the 3x3 filter passes its centre
    features = torch.rand(1, 4, 3, 4)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))

    def shuffled(image: Tensor) -> Tensor:
        return image.flatten(2)[..., order].unflatten(-1, (3, 4))

    torch.testing.assert_close(attention(shuffled(features)), shuffled(attention(features)))
