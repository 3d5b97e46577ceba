"""Named terms: their kinds, regions, weights and schedules, and what is refused."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from ablate import losses
from ablate.config.locations import packaged_root
from ablate.errors import ConfigError
from ablate.losses import fused as kernel
from ablate.losses.term import Term
from ablate.losses.terms.contract import TERMS, Images
from ablate.losses.terms.perceptual import _vgg
from ablate.settings.terms import kinds
from ablate.settings.train import TrainSettings
from ablate.training.optimisation import Optimisation

NONE = {"gradient_weight": 0, "intensity_weight": 0}
SIDE_PX = 48
READ = ("fused_colour", "visible_colour", "infrared_base", "visible_base", "infrared_detail")
FEATURES = (*READ, "visible_detail", "load_balance")


@pytest.fixture(scope="module")
def images() -> dict[str, Tensor]:
    drawn = torch.rand(3, 2, 1, SIDE_PX, SIDE_PX, generator=torch.Generator().manual_seed(4))
    drawn = torch.nn.functional.avg_pool2d(drawn.flatten(0, 1), 5, 1, 2).view_as(drawn).double()
    return dict(zip(("infrared", "visible", "fused"), drawn, strict=True))


@pytest.fixture(scope="module")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("vgg") / "vgg19.safetensors"
    save_file({f"features.{k}": v for k, v in _vgg("vgg19")[:4].state_dict().items()}, file)
    return file


def at(section: dict[str, Any], images: dict[str, Tensor]) -> tuple[float, Tensor]:
    """Return value and gradient by the fused image."""
    fused = images["fused"].clone().requires_grad_()
    made = {name: fused.mean(1, keepdim=True).expand(-1, 3, -1, -1) * 0.9 for name in FEATURES}
    made |= {name: images["visible"].expand(-1, 3, -1, -1) ** 2 for name in READ[1::2]}
    value = losses.build(section)(**{**images, "fused": fused}, features=made)
    value.backward()
    assert fused.grad is not None
    return float(value.detach()), fused.grad


def term_of(kind: str, vgg: Path, **more: Any) -> dict[str, Any]:
    own = {"perceptual": {"weights": str(vgg), "layers": [1, 3]}}.get(kind, {})
    return {"kind": kind, **own, **more}


@pytest.mark.parametrize(
    ("short", "named"),
    [
        ({"gradient_weight": 3}, {"kind": "gradient", "weight": 3}),
        (
            {"gradient_weight": 2, "levels": 2, "ratio": 0.4, "penalty": "huber", "knee": 0.2},
            {"kind": "gradient", "weight": 2, "levels": 2, "ratio": 0.4, "penalty": "huber"}
            | {"knee": 0.2},
        ),
        ({"intensity_weight": 2, "intensity": "mean"}, {"kind": "intensity", "target": "mean"}),
        ({"ssim_weight": 2}, {"kind": "ssim"}),
        ({"ssim_weight": 2, "ssim_to": "by_gradient"}, {"kind": "ssim", "share": "by_gradient"}),
        (
            {"ssim_weight": 2, "ssim_to": "max", "ssim_padding": "valid"},
            {"kind": "ssim", "to": "max", "padding": "valid"},
        ),
    ],
)
def test_the_short_form_and_the_named_form_are_one_loss(
    short: dict[str, Any], named: dict[str, Any], images: dict[str, Tensor]
) -> None:
    value, slope = at({**NONE, **short}, images)
    other, other_slope = at({**NONE, "terms": {"x": {"weight": 2, **named}}}, images)
    assert other == pytest.approx(value, rel=1e-9)
    assert torch.allclose(other_slope, slope, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_is_finite_and_moves_the_fused_image(
    kind: str, images: dict[str, Tensor], vgg: Path
) -> None:
    section = {**NONE, "terms": {"x": term_of(kind, vgg)}}
    assert losses.check(section, SIDE_PX, features=FEATURES) == []
    value, slope = at(section, images)
    assert math.isfinite(value)
    assert bool(torch.isfinite(slope).all())
    assert bool(slope.any())
    at_the_sources = {**images, "visible": images["infrared"], "fused": images["infrared"]}
    value, slope = at(section, at_the_sources)
    assert math.isfinite(value)
    assert bool(torch.isfinite(slope).all())


@pytest.mark.parametrize("kind", [k for k, one in kinds().items() if one.facts["gives"] == "map"])
@pytest.mark.parametrize("mean", ["whole", "inside"])
def test_a_region_of_ones_is_no_region(
    kind: str, mean: str, images: dict[str, Tensor], vgg: Path
) -> None:
    everywhere = {"region": "salient", "region_threshold": -10, "region_slope": 1e6}
    plain = at({**NONE, "terms": {"x": term_of(kind, vgg)}}, images)
    whole = term_of(kind, vgg, **everywhere, region_mean=mean)
    value, slope = at({**NONE, "terms": {"x": whole}}, images)
    assert value == pytest.approx(plain[0], rel=1e-6)
    assert torch.allclose(slope, plain[1], rtol=1e-6, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(weights=st.lists(st.floats(0.01, 100), min_size=2, max_size=2))
def test_the_loss_is_linear_in_its_weights(weights: list[float]) -> None:
    drawn = torch.rand(3, 1, 1, 32, 32, generator=torch.Generator().manual_seed(1)).double()
    pictures = dict(zip(("infrared", "visible", "fused"), drawn, strict=True))
    kinds_of: tuple[dict[str, Any], ...] = (
        {"kind": "gradient", "levels": 1},
        {"kind": "intensity", "region": "salient"},
    )

    def value(*each: float) -> float:
        terms = {
            f"t{n}": {**k, "weight": w} for n, (k, w) in enumerate(zip(kinds_of, each, strict=True))
        }
        return at({**NONE, "intensity_weight": 1, "terms": terms}, pictures)[0]

    none, one, two = value(0, 0), value(1, 0), value(0, 1)
    wanted = none + weights[0] * (one - none) + weights[1] * (two - none)
    assert value(*weights) == pytest.approx(wanted, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    schedule=st.sampled_from(["on_off", "linear", "cosine"]),
    begin=st.integers(0, 50),
    length=st.integers(1, 50),
    ends=st.tuples(st.floats(0, 10), st.floats(0.1, 10)),
    step=st.integers(1, 120),
)
def test_a_schedule_stays_between_its_ends(
    schedule: str, begin: int, length: int, ends: tuple[float, float], step: int
) -> None:
    first, last = ends
    section: dict[str, Any] = {"kind": "intensity", "weight": last, "weight_from": first}
    term = Term({**section, "schedule": schedule, "from": begin, "until": begin + length})
    weight, is_inside = term.weight_at(step), begin < step <= begin + length
    if schedule == "on_off":
        assert weight == (last if is_inside else 0)
        return
    assert min(ends) - 1e-9 <= weight <= max(ends) + 1e-9
    assert term.weight_at(begin + length) == last
    if step <= begin:
        assert weight == first


def test_a_term_that_is_off_is_not_computed_and_a_ramp_rises(images: dict[str, Tensor]) -> None:
    late = {"kind": "ssim", "from": 2}
    ramp = {"kind": "intensity", "schedule": "linear", "until": 4, "weight": 4}
    loss = losses.build({**NONE, "terms": {"late": late, "ramp": ramp}})
    found = []
    for step in (1, 2, 3, 4, 5):
        loss.at_step(step)
        value = loss(**images)
        found.append((float(value), loss.computed, set(loss.last_terms)))
    of_intensity = float(loss.last_terms["ramp"])
    assert found[0][0] == pytest.approx(of_intensity)
    assert found[1][0] == pytest.approx(2 * of_intensity)
    assert [names for _, _, names in found] == [{"ramp"}] * 2 + [{"ramp", "late"}] * 3
    assert found[1][1] != found[2][1]  # a captured step starts over


def test_each_term_says_its_weight_and_its_share_of_the_gradient(images: dict[str, Tensor]) -> None:
    loss = losses.build({"terms": {"smooth": {"kind": "total_variation", "weight": 0.5}}})
    loss(**images)
    loss.diagnose(**images)
    for name, weight in (("intensity", 1), ("gradient", 10), ("smooth", 0.5)):
        assert float(loss.last_terms[f"{name}/weight"]) == weight
        assert float(loss.last_terms[f"{name}/grad_share"]) > 0
    alone = losses.build({**NONE, "terms": {"smooth": {"kind": "total_variation"}}})
    alone(**images)
    alone.diagnose(**images)
    assert float(alone.last_terms["smooth/grad_share"]) == pytest.approx(1)


def test_what_has_no_effect_leaves_the_canonical_form() -> None:
    terms = {"b": {"kind": "ssim", "weight": 0}, "c": None, "d": {"kind": "gradient", "levels": 1}}
    found = losses.canonical({"terms": terms})["terms"]
    assert set(found) == {"d"}
    assert not {"ratio", "schedule", "region", "weight_from", "region_px"} & set(found["d"])
    spelled = {"kind": "gradient", "levels": 1, "ratio": 0.3, "region_px": [3], "from": 0}
    assert losses.canonical({"terms": {"d": spelled}})["terms"] == found
    assert "terms" not in losses.canonical({"terms": {"b": terms["b"]}})
    assert (
        losses.canonical({}) == losses.canonical({"terms": {}}) == losses.canonical({"terms": None})
    )


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"x": {"kind": "gradien"}}, "loss.terms.x.kind: no such name as 'gradien'; did you mean"),
        ({"x": {"weight": 1}}, "loss.terms.x.kind: is missing; known: "),
        ({"x": {"kind": "ssim", "window": 7}}, "x.window: no such setting of a term of kind ssim"),
        (
            {"x": {"kind": "ssim", "weight": -1}},
            "loss.terms.x.weight: must be a number of at least",
        ),
        (
            {"x": {"kind": "ssim", "window_px": 99}},
            "x.window_px: 99 px on 1 scales need crops of 99",
        ),
        ({"x": {"kind": "gradient", "levels": 7}}, "loss.terms.x.levels: level 7 of a 48 px crop"),
        (
            {"x": {"kind": "frequency", "region": "salient"}},
            "region: frequency is one number for a",
        ),
        ({"x": {"kind": "ssim", "schedule": "linear"}}, "x.until: is missing; say at which step"),
        (
            {"x": {"kind": "ssim", "from": 5, "until": 5}},
            "x.until: must be above from, got 5 and 5",
        ),
        ({"x": {"kind": "ssim", "from": 90}}, "x.from: 90 is after all of the 90 steps"),
        ({"x": {"kind": "correlation"}}, "x.kind: correlation reads infrared_base, visible_base"),
        ({"x": {"kind": "network", "feature": "load"}}, "reads load, which the network does not"),
        (
            {"gradient": {"kind": "ssim"}},
            "loss.terms.gradient: gradient_weight: 10 makes a term of",
        ),
        ({"9x": {"kind": "ssim"}}, "loss.terms: '9x' cannot name a term"),
        ({"x": {"kind": "perceptual"}}, "x.weights: are missing, and none are fetched; save torch"),
        ({"x": {"kind": "perceptual", "weights": "no"}}, "x.weights: no is not a file; save torch"),
        ({"x": {"kind": "overshoot", "blur_px": 4}}, "x.blur_px: must be odd"),
    ],
)
def test_a_fault_of_a_term_is_one_line(terms: dict[str, Any], says: str) -> None:
    (line,) = losses.check({"terms": terms}, SIDE_PX, steps=90, features=())
    assert says in line
    assert "\n" not in line


def test_terms_that_sum_to_nothing_are_refused() -> None:
    section = {**NONE, "terms": {"x": {"kind": "ssim", "weight": 0}}}
    (line,) = losses.check(section, SIDE_PX)
    assert "are all 0, so nothing would be trained" in line
    assert line.endswith("or the weight of one of the terms")


def test_a_network_that_lacks_an_output_is_named(images: dict[str, Tensor]) -> None:
    loss = losses.build({"terms": {"x": {"kind": "network", "feature": "load"}}})
    with pytest.raises(ConfigError, match="reads 'load', which the network does not hand out"):
        loss(**images)


def test_weights_of_a_perceptual_term_are_never_fetched(tmp_path: Path) -> None:
    for weights, says in (
        (None, "none are fetched; save torchvision's vgg19"),
        ("x", "is not a f"),
    ):
        with pytest.raises(ConfigError, match=says):
            Term({"kind": "perceptual", "weights": weights})


def test_the_kernel_still_claims_the_gradient_term_beside_others() -> None:
    beside = losses.typed({"terms": {"x": {"kind": "ssim"}}})
    assert kernel.form_of(beside, tolerance=0.0) == kernel.form_of(losses.typed({}), tolerance=0.0)


def test_a_kind_of_ones_own_is_a_function() -> None:
    @TERMS.register("dark_for_this_test")
    def dark(images: Images, settings: None) -> Tensor:
        del settings
        return (1 - images.fused).relu()

    try:
        section = {**NONE, "terms": {"x": {"kind": "dark_for_this_test", "region": "salient"}}}
        assert losses.check(section, SIDE_PX) == []
        ones = torch.ones(1, 1, SIDE_PX, SIDE_PX)
        assert float(losses.build(section)(infrared=ones, visible=ones, fused=ones)) == 0
    finally:
        del TERMS._members["dark_for_this_test"]


def test_a_learned_weight_moves_with_the_network_and_is_kept(images: dict[str, Tensor]) -> None:
    term: dict[str, Any] = {"kind": "intensity", "weight": "learned"}
    section = {**NONE, "terms": {"x": term}}
    assert losses.check(section, SIDE_PX) == []
    loss, model = losses.build(section), torch.nn.Conv2d(1, 1, 1)
    recipe = TrainSettings(steps=4, learning_rate=0.1)
    moved = Optimisation(model, recipe, beside=loss.learned)
    (learned,) = loss.learned
    for step in (1, 2):
        moved.begin(step)
        fused = model(images["fused"].float())
        moved.step(loss(**{**images, "fused": fused.double()}))
    value = float(loss.last_terms["x"])
    assert 0 < value < 1
    assert (
        -0.25 < float(learned.detach()) < -0.15
    )  # its gradient is 1 - value e^-s: Adam steps down
    loss.diagnose(**images)
    assert float(loss.last_terms["x/weight"]) == pytest.approx(math.exp(-float(learned.detach())))
    again = losses.build(section)
    other = Optimisation(torch.nn.Conv2d(1, 1, 1), recipe, beside=again.learned)
    other.restore(moved.state())
    assert torch.equal(again.learned[0], learned)
    (line,) = losses.check({"terms": {"x": {**term, "schedule": "linear", "until": 3}}}, SIDE_PX)
    assert "a learned weight has no linear schedule" in line


def test_the_content_of_fusiongan_is_that_of_its_code(images: dict[str, Tensor]) -> None:
    """model.py, line 83: L2 to the infrared, 5 times L2 of Laplacians to the visible."""
    file = packaged_root() / "studies" / "tables" / "fusiongan_table.yaml"
    terms = yaml.safe_load(file.read_text("utf-8"))["base"]["loss"]["terms"]
    assert terms.pop("against")["weight"] == 1 / (100 * 4)  # their images lie in [-1, 1]
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=torch.float64)[None, None]
    details = torch.nn.functional.conv2d(images["fused"] - images["visible"], kernel, padding=1)
    wanted = (images["fused"] - images["infrared"]).square().mean() + 5 * details.square().mean()
    found = losses.build({**NONE, "terms": terms})(**images)
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=0)
