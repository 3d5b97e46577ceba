"""Constants of norm and lambda policy, warm-up, and what the loss tells when asked."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ablate import losses
from ablate.errors import ConfigError
from ablate.losses.diagnosis import frame_share
from ablate.losses.multi_scale import gradient_size

TERM_ONLY = {"gradient_weight": 1.0, "intensity_weight": 0.0}


def images(seed: int, *, batch: int = 2, side: int = 40) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(3, batch, 1, side, side, generator=generator, dtype=torch.float64)
    return dict(zip(("infrared", "visible", "fused"), values, strict=True))


def sources(seed: int, **size: int) -> dict[str, Tensor]:
    pair = images(seed, **size)
    return {name: pair[name] for name in ("infrared", "visible")}


def size_of(loss: torch.nn.Module, pair: dict[str, Tensor]) -> float:
    """RMS over the pixels of the derivative, times their number."""
    fused = pair["fused"].clone().requires_grad_()
    loss(**{**pair, "fused": fused}).backward()
    assert fused.grad is not None
    return float(fused.grad.pow(2).mean() ** 0.5 * fused.grad.numel())


def at_the_mean(pair: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**pair, "fused": (pair["infrared"] + pair["visible"]) / 2}


@pytest.mark.parametrize("chosen", [{}, {"components": "signed_sum"}, {"penalty": "l2"}])
def test_value_makes_every_level_one_at_the_mean_of_the_sources(chosen: dict[str, Any]) -> None:
    pair = at_the_mean(sources(1))
    loss = losses.build({**TERM_ONLY, **chosen, "norm": "value"})
    found = loss.calibrate(**sources(1))
    plain = losses.build({**TERM_ONLY, **chosen})
    plain(**pair)
    loss(**pair)
    for level in (1, 2, 3):
        assert float(loss.last_terms[f"gradient/level{level}"]) == pytest.approx(1)
        assert found[f"level{level}"] == pytest.approx(
            float(plain.last_terms[f"gradient/level{level}"])
        )
    assert float(loss(**images(2))) != pytest.approx(1, rel=1e-2)


@pytest.mark.parametrize("chosen", [{}, {"operator": "scharr"}, {"sign": "free"}])
def test_grad_makes_every_level_pull_like_an_intensity_term(chosen: dict[str, Any]) -> None:
    intensity = losses.build({"gradient_weight": 0})
    assert size_of(intensity, images(3)) == pytest.approx(1)
    for weights in ([1, 0, 0], [0, 1, 0], [0, 0, 1]):
        settings = {**TERM_ONLY, **chosen, "weights": weights}
        loss = losses.build({**settings, "norm": "grad"})
        loss.calibrate(**sources(3))
        assert size_of(loss, at_the_mean(sources(3))) == pytest.approx(1)
        assert size_of(losses.build(settings), at_the_mean(sources(3))) > 2


def test_constants_are_those_of_the_frozen_images_and_not_of_the_batch() -> None:
    loss = losses.build({**TERM_ONLY, "norm": "grad", "levels": 1})
    (constant,) = loss.calibrate(**sources(4)).values()
    plain = losses.build({**TERM_ONLY, "levels": 1})
    for seed in (5, 6):
        pair = images(seed)
        assert float(loss(**pair)) == pytest.approx(float(plain(**pair)) / constant)


def test_the_size_of_a_gradient_does_not_depend_on_crop_or_batch() -> None:
    def size(**of: int) -> float:
        pair = images(7, **of)
        fused = pair["fused"].requires_grad_()
        loss = losses.build({**TERM_ONLY, "levels": 1, "padding": "replicate"})
        return float(gradient_size(loss(**pair), fused))

    assert size(batch=1, side=64) == pytest.approx(size(batch=4, side=96), rel=0.05)


@pytest.mark.parametrize(
    "chosen",
    [
        {"components": "signed_sum", "levels": 1},
        {"penalty": "l2"},
        {"norm": "value"},
        {"preset": "tc_moa"},
    ],
)
def test_norm_matched_pulls_as_hard_as_the_papers_loss(chosen: dict[str, Any]) -> None:
    pair, weight = at_the_mean(sources(8)), {"gradient_weight": 7.0, "intensity_weight": 0.0}
    matched = losses.build({**weight, **chosen, "lambda_policy": "norm_matched"})
    found = matched.calibrate(**sources(8))
    papers = size_of(losses.build(weight), pair)
    assert size_of(matched, pair) == pytest.approx(papers)
    assert found["lambda"] != pytest.approx(7.0, rel=0.05)
    shared = losses.build({**weight, **chosen})
    shared.calibrate(**sources(8))
    assert size_of(shared, pair) != pytest.approx(papers, rel=0.05)


def test_gain_is_divided_out_by_a_norm() -> None:
    found = []
    for gain in ("raw", "unit"):
        loss = losses.build({**TERM_ONLY, "norm": "value", "gain": gain})
        loss.calibrate(**sources(9))
        found.append(float(loss(**images(10))))
    assert found[0] == pytest.approx(found[1])
    raw, unit = (
        float(losses.build({**TERM_ONLY, "gain": g})(**images(10))) for g in ("raw", "unit")
    )
    assert raw == pytest.approx(8 * unit)


def test_without_its_constants_a_loss_refuses_and_without_need_it_measures_nothing() -> None:
    for chosen in ({"norm": "grad"}, {"lambda_policy": "norm_matched", "penalty": "l2"}):
        with pytest.raises(ConfigError, match="calibrate"):
            losses.build(chosen)(**images(11))
    plain = losses.build({})
    assert not plain.needs_calibration
    assert plain.calibrate(**sources(11)) == {}


def test_flat_calibration_images_are_told() -> None:
    flat = {name: torch.full((1, 1, 32, 32), 0.5) for name in ("infrared", "visible")}
    for chosen in (
        {"norm": "value"},
        {"norm": "grad"},
        {"lambda_policy": "norm_matched", "penalty": "l2"},
    ):
        with pytest.raises(ConfigError, match="calibration images"):
            losses.build({**chosen, "padding": "replicate"}).calibrate(**flat)


def test_warm_up_leaves_the_gradient_term_out_and_then_takes_it_in() -> None:
    pair, loss = images(12), losses.build({"warmup_steps": 3})
    without, whole = losses.build({"gradient_weight": 0}), losses.build({})
    found = []
    for step in range(1, 6):
        loss.at_step(step)
        found.append(float(loss(**pair)))
        assert ("gradient" in loss.last_terms) == (step > 3)
        loss.diagnose(**pair)
        assert ("gradient/grad_share" in loss.last_terms) == (step > 3)
    assert found == [float(without(**pair))] * 3 + [float(whole(**pair))] * 2


def test_the_diagnosis_equals_plain_autograd() -> None:
    pair = images(13)
    chosen = {"gradient_weight": 3.0, "ssim_weight": 0.5, "weights": [1, 2, 3]}
    loss = losses.build(chosen)
    whole = size_of(loss, pair)
    assert "gradient/grad_share" not in loss.last_terms  # only when asked
    loss.diagnose(**pair)
    terms = {name: float(term) for name, term in loss.last_terms.items()}
    only = losses.build({**chosen, "intensity_weight": 0, "ssim_weight": 0})
    assert terms["gradient/grad_share"] == pytest.approx(size_of(only, pair) / whole)
    for level in range(3):
        weights = [float(index == level) for index in range(3)]
        single = losses.build({**TERM_ONLY, "weights": weights})
        assert terms[f"gradient/level{level + 1}_size"] == pytest.approx(size_of(single, pair))
    assert terms["gradient"] == pytest.approx(float(only(**pair)) / 3)
    assert not any(term.requires_grad for term in loss.last_terms.values())


def test_the_share_of_the_frame_equals_the_loss_of_a_masked_map() -> None:
    pair = images(14)
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=torch.float64)
    cost = torch.zeros(())
    for turned in (kernel, kernel.T.contiguous()):
        g = {n: F.conv2d(i, turned[None, None], padding=1) for n, i in pair.items()}
        v, i = g["visible"], g["infrared"]
        cost = cost + (g["fused"] - torch.where(v.abs() >= i.abs(), v, i)).abs()
    mask = torch.ones_like(cost)
    mask[..., 1:-1, 1:-1] = 0
    loss = losses.build({"levels": 1})
    loss.diagnose(**pair)
    expected = float((cost * mask).sum() / cost.sum())
    assert float(loss.last_terms["gradient/frame_share"]) == pytest.approx(expected)
    assert 0.05 < expected < 0.5


def test_shares_of_the_frame_of_known_maps() -> None:
    inside = torch.zeros(1, 1, 6, 6)
    inside[..., 2:4, 2:4] = 1
    assert float(frame_share(inside)) == 0
    assert float(frame_share(torch.ones(1, 2, 4, 4))) == pytest.approx(12 / 16)
    assert float(frame_share(torch.ones(3, 1, 1, 1))) == 1


def test_a_loss_of_zero_has_no_shares_to_tell() -> None:
    image = images(15)["fused"]
    loss = losses.build({})
    loss.diagnose(infrared=image, visible=image, fused=image)
    assert all(bool(torch.isfinite(term)) for term in loss.last_terms.values())
    assert "gradient/frame_share" not in loss.last_terms


def test_a_diagnosis_changes_neither_the_gradient_nor_the_value() -> None:
    pair, found = images(16), []
    for asks in (False, True):
        fused = pair["fused"].clone().requires_grad_()
        loss = losses.build({})
        value = loss(**{**pair, "fused": fused})
        if asks:
            loss.diagnose(**{**pair, "fused": fused})
        value.backward()
        found.append((float(value.detach()), fused.grad))
    assert found[0][0] == found[1][0]
    assert found[0][1] is not None
    assert found[1][1] is not None
    assert torch.equal(found[0][1], found[1][1])
