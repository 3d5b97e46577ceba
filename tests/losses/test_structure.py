"""The structural term against kornia's, and what is kept of the sources."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kornia.losses import ssim_loss
from torch import Tensor

from ablate import losses
from ablate.errors import ShapeError
from ablate.losses.structure import StructuralDistance
from ablate.training.graph import Replayed
from ablate.training.trainable import StepOutput

Images = dict[str, Tensor]


def images(
    seed: int, height: int = 24, width: int = 31, dtype: torch.dtype = torch.float64
) -> Images:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.rand(3, 2, 1, height, width, generator=generator, dtype=torch.float64).to(dtype)
    return dict(zip(("infrared", "visible", "fused"), drawn, strict=True))


def by_kornia(*, infrared: Tensor, visible: Tensor, fused: Tensor) -> Tensor:
    distance: Tensor = ssim_loss(fused, infrared, 11) + ssim_loss(fused, visible, 11)
    return distance


def value_and_slope(term: Callable[..., Tensor], pair: Images) -> tuple[Tensor, Tensor]:
    fused = pair["fused"].clone().requires_grad_()
    value = term(**{**pair, "fused": fused})
    return value.detach(), torch.autograd.grad(value, fused)[0]


@settings(deadline=None, derandomize=True, max_examples=15)
@given(seed=st.integers(0, 10**6), height=st.integers(6, 40), width=st.integers(6, 40))
def test_value_and_gradient_are_kornias(seed: int, height: int, width: int) -> None:
    pair = images(seed, height, width)
    found, wanted = (value_and_slope(term, pair) for term in (StructuralDistance(), by_kornia))
    torch.testing.assert_close(found[0], wanted[0], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found[1], wanted[1], rtol=1e-9, atol=1e-14)


def test_float32_is_as_near_to_float64_as_kornias_float32(roadscene: Images) -> None:
    pair = {name: image[:2, :, :64, :64] for name, image in roadscene.items()}
    pair["fused"] = torch.maximum(pair["infrared"], pair["visible"])
    single = {name: image.float() for name, image in pair.items()}
    exact = value_and_slope(by_kornia, pair)
    ours, theirs = (value_and_slope(term, single) for term in (StructuralDistance(), by_kornia))
    torch.testing.assert_close(ours[0].double(), exact[0], rtol=0, atol=1e-6)
    far = [float((slope.double() - exact[1]).norm()) for slope in (ours[1], theirs[1])]
    assert far[0] <= 1.1 * far[1]


def test_a_negative_is_far_and_a_source_near() -> None:
    image = images(2)["visible"]
    same = dict.fromkeys(("infrared", "visible"), image)
    assert float(StructuralDistance()(**same, fused=image)) == pytest.approx(0, abs=1e-9)
    assert float(StructuralDistance()(**same, fused=1 - image)) > 1.5


def test_its_gradient_is_right() -> None:
    pair = images(3, 7, 8)
    fused = pair.pop("fused").requires_grad_()
    assert torch.autograd.gradcheck(
        lambda image: StructuralDistance()(**pair, fused=image), [fused]
    )


def test_moments_are_kept_for_the_same_sources_and_not_for_changed_ones() -> None:
    pair = images(4)
    term = StructuralDistance()
    first = term(**pair)
    assert term._kept._last is not None
    assert torch.equal(term(**pair), first)
    pair["visible"].mul_(0.5)
    changed = term(**pair)
    assert changed != first
    assert torch.equal(changed, StructuralDistance()(**pair))
    term.forget()
    assert term._kept._last is None


def test_the_loss_lets_go_of_them() -> None:
    loss = losses.build({"ssim_weight": 1.0})
    loss(**images(5))
    assert loss.structure._kept._last is not None
    loss.forget()
    assert loss.structure._kept._last is None


def test_they_are_let_go_around_a_capture() -> None:
    loss, held = losses.build({"ssim_weight": 1.0}), []
    pair = images(6, 32, 32, torch.float32)

    class Engine:
        def aside(self, work: Callable[[], StepOutput]) -> StepOutput:
            return work()

        def captured(self, work: Callable[[], StepOutput]) -> Callable[[], StepOutput]:
            held.append(loss.structure._kept._last is not None)
            work()
            return work

    def step(infrared: Tensor, visible: Tensor) -> StepOutput:
        value = loss(infrared=infrared, visible=visible, fused=pair["fused"])
        return StepOutput(loss=value, value=value, terms=dict(loss.last_terms), fused=pair["fused"])

    take = Replayed(step, loss=loss, engine=Engine(), device=torch.device("cpu"))
    for factor in (1.0, 0.9, 0.8, 0.7, 0.6):
        found = take(pair["infrared"] * factor, pair["visible"]).value
        wanted = losses.build({"ssim_weight": 1.0})(
            **{**pair, "infrared": pair["infrared"] * factor}
        )
        torch.testing.assert_close(found, wanted, rtol=0, atol=0)
    assert held == [False]


def test_images_smaller_than_half_the_window_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"ssim_weight: images of \(5, 9\) px are too small"):
        StructuralDistance()(**images(7, 5, 9))
