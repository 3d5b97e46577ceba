"""The claims of the design notes about levels, targets and frames, and what `last_terms` tells."""

import pytest
import torch
from torch import Tensor

from ablate import losses
from ablate.errors import ShapeError
from ablate.imaging.gradients import sobel
from ablate.losses.pyramid import level_scales, level_side, scale_weights
from ablate.losses.selection import blend, per_axis_max


def images(seed: int, height: int = 40, width: int = 56) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(3, 2, 1, height, width, generator=generator, dtype=torch.float64)
    return dict(zip(("infrared", "visible", "fused"), values, strict=True))


def test_a_tie_takes_the_visible_response() -> None:
    infrared, visible = torch.tensor([2.0, -2.0, 1.0, -3.0]), torch.tensor([-2.0, 2.0, -1.5, 2.0])
    target = blend(per_axis_max(infrared, visible), infrared, visible)
    assert target.tolist() == [-2.0, 2.0, -1.5, -3.0]


def test_sides_round_half_to_even_from_full_size_and_never_vanish() -> None:
    def sides(side: int, ratio: float, levels: int) -> list[int]:
        scales = level_scales("powers", levels=levels, ratio=ratio)
        return [level_side(side, scale=scale) for scale in scales]

    assert sides(25, 0.5, 4) == [25, 12, 6, 3]
    assert level_side(7, scale=0.5) == 4
    assert level_side(3, scale=0.3**7) == 1
    # recursive rounding would give 11, 6, 3
    assert sides(21, 0.55, 4)[1:] == [12, 6, 3]


def test_weights_sum_to_one() -> None:
    for kind in ("equal", "geometric", [3, 1, 2]):
        assert sum(scale_weights(kind, levels=3, growth=0.618)) == pytest.approx(1)
    first, second, third = scale_weights("geometric", levels=3, growth=0.618)
    assert (second / first, third / second) == pytest.approx((0.618, 0.618))


def test_the_terms_of_the_levels_are_told_and_their_mean_is_the_gradient_term() -> None:
    loss = losses.build({"ssim_weight": 0.5})
    pair = images(1)
    pair["fused"].requires_grad_()
    loss(**pair).backward()
    terms = loss.last_terms
    assert set(terms) == {"intensity", "gradient", "ssim"} | {
        f"gradient/level{level}" for level in (1, 2, 3)
    }
    assert not any(term.requires_grad for term in terms.values())
    levels = [float(terms[f"gradient/level{level}"]) for level in (1, 2, 3)]
    assert float(terms["gradient"]) == pytest.approx(sum(levels) / 3)


def test_a_term_of_weight_zero_is_not_computed() -> None:
    loss = losses.build({"gradient_weight": 0})
    loss(**images(2))
    assert set(loss.last_terms) == {"intensity"}


def test_the_first_level_is_the_single_scale_loss() -> None:
    single, three = losses.build({"levels": 1}), losses.build({"levels": 3})
    single(**images(3))
    three(**images(3))
    assert float(three.last_terms["gradient/level1"]) == float(single.last_terms["gradient"])


def test_the_mean_intensity_is_least_at_the_mean_image() -> None:
    pair = images(4)
    pair["fused"] = (pair["infrared"] + pair["visible"]) / 2
    chosen = {"gradient_weight": 0}
    assert float(losses.build({**chosen, "intensity": "mean"})(**pair)) == 0
    assert float(losses.build({**chosen, "intensity": "max"})(**pair)) > 0.1


def test_the_ssim_term_is_zero_for_equal_images_and_large_for_inverted_ones() -> None:
    loss = losses.build({"gradient_weight": 0, "intensity_weight": 0, "ssim_weight": 1})
    image = images(5)["infrared"]
    assert float(loss(infrared=image, visible=image, fused=image)) == pytest.approx(0, abs=1e-9)
    assert float(loss(infrared=image, visible=image, fused=1 - image)) > 1


def test_the_ssim_term_agrees_with_scikit_image_on_the_interior() -> None:
    from skimage.metrics import structural_similarity

    from ablate.losses.structure import StructuralDistance

    generator = torch.Generator().manual_seed(6)
    tiles = torch.rand(3, 1, 1, 64, 64, generator=generator, dtype=torch.float64)
    infrared, visible, fused = tiles
    ours = float(StructuralDistance()(infrared=infrared, visible=visible, fused=fused))
    theirs = (
        1
        - sum(
            structural_similarity(
                source[0, 0].numpy(),
                fused[0, 0].numpy(),
                data_range=1.0,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
            )
            for source in (infrared, visible)
        )
        / 2
    )
    assert ours == pytest.approx(theirs, abs=0.01)  # the frame is padded here, cut there


def test_both_axes_count_and_the_signed_sum_cancels_where_they_oppose() -> None:
    ramp = torch.arange(16.0, dtype=torch.float64).expand(1, 1, 16, 16) / 16
    zero = torch.zeros_like(ramp)
    only = {"gradient_weight": 1, "intensity_weight": 0, "levels": 1, "padding": "replicate"}
    across, down = (
        float(losses.build(only)(infrared=image, visible=zero, fused=zero))
        for image in (ramp, ramp.transpose(-1, -2))
    )
    assert across == pytest.approx(down)
    assert across > 0.4
    slanted = ramp - ramp.transpose(-1, -2)
    parts = {
        name: losses.build({**only, "components": name})(infrared=slanted, visible=zero, fused=zero)
        for name in ("axis_wise", "magnitude_l1", "signed_sum")
    }
    # away from the frame gx = -gy exactly; within it one of the two is halved
    assert 0 < float(parts["signed_sum"]) < 0.1 * float(parts["magnitude_l1"])
    assert float(parts["magnitude_l1"]) == pytest.approx(across + down)


def test_the_target_may_take_its_axes_from_different_sources() -> None:
    infrared = torch.arange(12.0, dtype=torch.float64).expand(1, 1, 12, 12) / 12
    visible = -infrared.transpose(-1, -2)
    fused = infrared + visible  # has the stronger gradient of either axis
    chosen = {"gradient_weight": 1, "intensity_weight": 0, "levels": 1, "padding": "replicate"}
    pair = {"infrared": infrared, "visible": visible, "fused": fused}
    assert float(losses.build(chosen)(**pair)) == pytest.approx(0, abs=1e-12)
    chosen["components"] = "signed_sum"
    assert float(losses.build(chosen)(**pair)) > 0.3


def test_replicate_padding_takes_weight_off_the_frame() -> None:
    def share(padding: str) -> float:
        smooth = torch.linspace(0.4, 0.6, 32, dtype=torch.float64).expand(1, 1, 32, 32)
        energy = torch.stack([g.abs() for g in sobel(smooth, padding=padding)]).sum(0)
        inner = float(energy[..., 1:-1, 1:-1].sum())
        return 1 - inner / float(energy.sum())

    assert share("zeros") > 0.5 > 0.15 > share("replicate")


def test_what_is_no_batch_of_grey_floats_is_refused() -> None:
    loss, pair = losses.build({}), images(7)
    with pytest.raises(ShapeError, match="must have one shape"):
        loss(**{**pair, "fused": pair["fused"][..., :-1]})
    with pytest.raises(ShapeError, match="pass Y"):
        loss(**{name: image.expand(-1, 3, -1, -1) for name, image in pair.items()})
    with pytest.raises(ShapeError, match=r"uint8; divide by 255"):
        loss(**{name: (image * 255).byte() for name, image in pair.items()})


def test_float64_stays_and_a_half_precision_network_gets_its_gradient() -> None:
    pair = images(8)
    assert losses.build({"ssim_weight": 1})(**pair).dtype is torch.float64
    fused = pair["fused"].to(torch.bfloat16).requires_grad_()
    losses.build({})(infrared=pair["infrared"], visible=pair["visible"], fused=fused).backward()
    assert fused.grad is not None
    assert bool(torch.isfinite(fused.grad).all())
