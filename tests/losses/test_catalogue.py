"""Every published loss against its repository's formula, written anew from what the code does.

Kernels are dense convolutions with the repositories' own orientation (most have y pointing up).
"""

import re
from collections.abc import Callable
from typing import Any

import kornia
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ablate import losses
from ablate.losses.catalogue.contract import CATALOGUE

Images = dict[str, Tensor]
X = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=torch.float64)
UP = torch.tensor([[1.0, 2, 1], [0, 0, 0], [-1, -2, -1]], dtype=torch.float64)
LOW = torch.tensor(
    [[0.0947, 0.1183, 0.0947], [0.1183, 0.1478, 0.1183], [0.0947, 0.1183, 0.0947]],
    dtype=torch.float64,
)
LAPLACE = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=torch.float64)
# Random floats have no ties, but a few that differ by less than the tolerance.
TERM_ONLY = {"gradient_weight": 1.0, "intensity_weight": 0.0, "ties": "exact"}


def images(seed: int, *, batch: int = 2, side: int = 32) -> Images:
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(3, batch, 1, side, side, generator=generator, dtype=torch.float64)
    return dict(zip(("infrared", "visible", "fused"), values, strict=True))


def conv(image: Tensor, kernel: Tensor, mode: str = "constant") -> Tensor:
    return F.conv2d(F.pad(image, (1, 1, 1, 1), mode=mode), kernel[None, None])


def l1_magnitude(p: Images) -> Tensor:
    """SeAFusion, SwinFusion, CDDFuse II: |conv x| + |conv y|, the larger of the sources."""
    m = {name: conv(i, X).abs() + conv(i, UP).abs() for name, i in p.items()}
    return F.l1_loss(torch.max(m["visible"], m["infrared"]), m["fused"])


def spatial_gradient(p: Images) -> Tensor:
    """CDDFuse I, EMMA: kornia's gradient to one reference; axes averaged there, added here."""
    gradient = kornia.filters.SpatialGradient()
    return 2 * F.l1_loss(gradient(p["fused"]), gradient(p["visible"]))


def text_if(p: Images) -> Tensor:
    x = {name: conv(i, X, "replicate").abs() for name, i in p.items()}
    y = {name: conv(i, -UP, "replicate").abs() for name, i in p.items()}
    return sum(
        (F.l1_loss(g["fused"], torch.max(g["visible"], g["infrared"])) for g in (x, y)),
        start=torch.zeros(()),
    )


def tc_moa(p: Images) -> Tensor:
    """One channel of the three equal ones that it adds."""
    x = torch.tensor([[-0.2, 0, 0.2], [-1, 0, 1], [-0.2, 0, 0.2]], dtype=torch.float64)
    up = torch.tensor([[0.2, 1, 0.2], [0, 0, 0], [-0.2, -1, -0.2]], dtype=torch.float64)
    s = {name: conv(i, x) + conv(i, up) for name, i in p.items()}
    is_visible = s["visible"].abs() >= s["infrared"].abs()
    target = s["infrared"].masked_fill(is_visible, 0) + s["visible"].masked_fill(~is_visible, 0)
    return F.l1_loss(s["fused"], target)


def mrfs(p: Images) -> Tensor:
    """Halves of both axes there, both whole here."""
    x = {name: conv(i, X) for name, i in p.items()}
    up = {name: conv(i, UP) for name, i in p.items()}
    parts = [F.l1_loss(g["fused"], torch.maximum(g["visible"], g["infrared"])) for g in (x, up)]
    return 2 * (0.5 * parts[0] + 0.5 * parts[1])


def murf(p: Images) -> Tensor:
    """The target is raised to the power .7, its sign kept."""
    g = {name: conv(i, LAPLACE) for name, i in p.items()}
    raised = {name: torch.copysign(r.abs().pow(0.7), r) for name, r in g.items()}
    is_visible = g["visible"].abs() > g["infrared"].abs()
    target = torch.where(is_visible, raised["visible"], raised["infrared"])
    return (g["fused"] - target).abs().mean()


def sdnet(p: Images) -> Tensor:
    """Two masked squares; the mask is that of the smoothed sources."""
    g = {name: conv(i, LAPLACE) for name, i in p.items()}
    smooth = {name: conv(conv(p[name], LOW), LAPLACE).abs() for name in ("infrared", "visible")}
    least = torch.minimum(smooth["visible"], smooth["infrared"])
    of_visible = torch.sign(smooth["visible"] - least)
    to_infrared = ((1 - of_visible) * (g["fused"] - g["infrared"]).square()).mean()
    return to_infrared + (of_visible * (g["fused"] - g["visible"]).square()).mean()


def umf_cmgr(p: Images) -> Tensor:
    g = {name: torch.abs(kornia.filters.laplacian(i, 3)) for name, i in p.items()}
    return F.l1_loss(torch.max(g["infrared"], g["visible"]), g["fused"])


def tardal(p: Images, eps: float = 1e-6) -> Tensor:
    def magnitude(image: Tensor) -> Tensor:
        s = kornia.filters.spatial_gradient(image, "sobel")
        return torch.sqrt(s[:, :, 0].pow(2) + s[:, :, 1].pow(2) + eps)

    return F.l1_loss(magnitude(p["fused"]), magnitude(p["visible"]))


def datfuse(p: Images) -> Tensor:
    """Upstream's mean runs over the batch too; here every image has its own."""
    parts = []
    for index in range(p["fused"].shape[0]):
        m = {k: (conv(i[[index]], X) + conv(i[[index]], UP)).mean() for k, i in p.items()}
        parts.append(torch.norm(m["fused"] - torch.maximum(m["infrared"], m["visible"])))
    return torch.stack(parts).mean()


def midas(p: Images) -> Tensor:
    """A sum over four strides there, their mean here."""
    total = torch.zeros((), dtype=torch.float64)
    for scale in range(4):
        step = 2**scale
        diff = (p["fused"] - p["visible"])[:, 0, ::step, ::step]
        pixels = diff.shape[1] * diff.shape[2]
        across = (diff[:, :, 1:] - diff[:, :, :-1]).abs().sum((1, 2))
        down = (diff[:, 1:] - diff[:, :-1]).abs().sum((1, 2))
        total = total + ((across + down) / pixels).mean()
    return total / 4


def proposed(p: Images, weights: tuple[float, ...] = (1 / 3, 1 / 3, 1 / 3)) -> Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for weight, scale in zip(weights, (1.0, 0.5, 0.25), strict=True):
        side = round(p["fused"].shape[-1] * scale)
        small = {
            k: F.interpolate(i, (side, side), mode="bilinear", align_corners=False)
            for k, i in p.items()
        }
        for kernel in (X, X.T.contiguous()):
            g = {k: conv(i, kernel) for k, i in small.items()}
            larger = torch.where(
                g["visible"].abs() >= g["infrared"].abs(), g["visible"], g["infrared"]
            )
            total = total + weight * (g["fused"] - larger).abs().mean()
    return total


FORMULAS: dict[str, Callable[[Images], Tensor]] = {
    "proposed": proposed,
    "proposed_golden": lambda p: proposed(p, (0.5, 0.309, 0.191)),
    "seafusion": l1_magnitude,
    "swinfusion": l1_magnitude,
    "cddfuse_i": spatial_gradient,
    "cddfuse_ii": l1_magnitude,
    "emma": spatial_gradient,
    "text_if": text_if,
    "tc_moa": tc_moa,
    "mrfs": mrfs,
    "murf": murf,
    "sdnet": sdnet,
    "umf_cmgr": umf_cmgr,
    "tardal": tardal,
    "datfuse": datfuse,
    "midas": midas,
}


def value(pair: Images, name: str, **changes: Any) -> float:
    return float(losses.build({"preset": name, **TERM_ONLY, **changes})(**pair))


def test_every_published_loss_has_a_formula_here_a_line_and_a_source() -> None:
    assert set(FORMULAS) == set(CATALOGUE)
    assert len(FORMULAS) >= 12
    for name, line in losses.descriptions().items():
        text = CATALOGUE.get(name).__doc__ or ""
        assert 20 < len(line) < 100
        assert line.endswith(".")
        assert "Formula:" in text
        assert "Source:" in text
        source = text.partition("Source:")[2]
        assert re.search(r"\w/[\w-]+ at [0-9a-f]{7}, ", source) or "arXiv" in source


@pytest.mark.parametrize("name", FORMULAS)
def test_a_published_loss_equals_its_repositorys_formula(name: str) -> None:
    for seed in (1, 2):
        pair = images(seed)
        # float64, another order of sums
        assert value(pair, name) == pytest.approx(float(FORMULAS[name](pair)), rel=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_its_gradient_equals_that_of_the_formula(name: str) -> None:
    pair, found = images(3), []
    for term in (losses.build({"preset": name, **TERM_ONLY}), lambda **p: FORMULAS[name](p)):
        fused = pair["fused"].clone().requires_grad_()
        (param_grad,) = torch.autograd.grad(term(**{**pair, "fused": fused}), fused)
        found.append(param_grad)
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradcheck_of_every_published_loss(name: str) -> None:
    pair = images(4, batch=1, side=64 if name == "midas" else 32)
    corner = pair["fused"][..., :5, :5].clone().requires_grad_()
    loss = losses.build({"preset": name, **TERM_ONLY})

    def of(patch: Tensor) -> Tensor:
        fused = pair["fused"].clone()
        fused[..., :5, :5] = patch
        return loss(**{**pair, "fused": fused}) * 1000  # a pixel's share is small

    assert torch.autograd.gradcheck(of, [corner], eps=1e-7, atol=1e-3)


def test_no_published_loss_stands_for_another() -> None:
    pair, same = images(5), ({"seafusion", "swinfusion", "cddfuse_ii"}, {"cddfuse_i", "emma"})
    found = {name: value(pair, name) for name in CATALOGUE}
    for name, one in found.items():
        for other, two in found.items():
            is_alias = any({name, other} <= names for names in same)
            assert (one == pytest.approx(two, rel=1e-6)) == (name == other or is_alias)


@pytest.mark.parametrize("name", ["tc_moa", "mrfs", "datfuse"])
def test_with_y_the_other_way_the_formula_is_missed(name: str) -> None:
    pair = images(6)
    term = dict(CATALOGUE.get(name)().term)
    assert term.pop("y_axis") == "up"
    downwards = float(losses.build({**term, **TERM_ONLY})(**pair))
    assert downwards != pytest.approx(float(FORMULAS[name](pair)), rel=1e-6)


def test_the_eps_under_tardals_root_is_larger_here_by_little() -> None:
    pair = images(7)
    assert value(pair, "tardal") == pytest.approx(float(tardal(pair, eps=1e-8)), rel=1e-3)
    assert value(pair, "tardal") != float(tardal(pair, eps=1e-8))


def zero_framed_ssim(one: Tensor, other: Tensor) -> Tensor:
    """Mean SSIM with one dense window, as pytorch-ssim has it."""
    distance = torch.arange(11, dtype=torch.float64) - 5
    taps = torch.exp(-(distance**2) / (2 * 1.5**2))
    window = (taps[:, None] * taps)[None, None] / taps.sum() ** 2

    def blurred(image: Tensor) -> Tensor:
        return F.conv2d(image, window, padding=5)

    mean, other_mean = blurred(one), blurred(other)
    joint = blurred(one * other) - mean * other_mean
    spread = blurred(one**2) - mean**2 + blurred(other**2) - other_mean**2
    above = (2 * mean * other_mean + 1e-4) * (2 * joint + 9e-4)
    return (above / ((mean**2 + other_mean**2 + 1e-4) * (spread + 9e-4))).mean()


def test_the_published_mix_is_the_repositorys() -> None:
    pair = images(8)
    infrared, visible, fused = pair["infrared"], pair["visible"], pair["fused"]
    brighter = F.l1_loss(torch.max(visible, infrared), fused)
    apart = [1 - zero_framed_ssim(fused, image) for image in (infrared, visible)]
    busy = [(conv(image, X).abs() + conv(image, UP).abs()).mean() for image in (infrared, visible)]
    by_gradient = (busy[0] * apart[0] + busy[1] * apart[1]) / (busy[0] + busy[1])
    dissimilar = [2 * kornia.losses.ssim_loss(fused, i, 11) for i in (infrared, visible)]
    inside = [
        2 * kornia.losses.ssim_loss(fused, i, 11, padding="valid") for i in (infrared, visible)
    ]
    expected = {
        "seafusion": brighter + 10 * l1_magnitude(pair),
        "cddfuse_ii": brighter + 10 * l1_magnitude(pair),
        "swinfusion": 20 * brighter + 20 * l1_magnitude(pair) + 10 * by_gradient,
        "text_if": 8 * brighter + 10 * text_if(pair) + sum(dissimilar),
        "tc_moa": 1.5 * brighter + 4.5 * 3 * tc_moa(pair) + 2 * sum(apart) / 2,
        "mrfs": 0.5 * brighter + 0.2 * mrfs(pair) / 2,
        "murf": sum(inside) / 2 + 10 * murf(pair),
    }
    for name, whole in expected.items():
        found = float(losses.build({"preset": name, "mix": "published", "ties": "exact"})(**pair))
        assert found == pytest.approx(float(whole), rel=1e-9), name
        own = float(losses.build({"preset": name, "ties": "exact"})(**pair))
        is_default = name in ("seafusion", "cddfuse_ii")
        assert (own == pytest.approx(found, rel=1e-9)) == is_default


def test_a_preset_is_written_out_and_keeps_the_weights_of_the_study() -> None:
    kept = losses.canonical({"preset": "text_if", "gradient_weight": 3.0, "norm": "grad"})
    assert "preset" not in kept
    assert (kept["sign"], kept["padding"], kept["levels"]) == ("free", "replicate", 1)
    assert (kept["gradient_weight"], kept["norm"]) == (3.0, "grad")
    # files fill in the defaults: they are no contradiction, another value is
    assert losses.canonical({"preset": "text_if", "levels": 3, "sign": "kept"}) == losses.canonical(
        {"preset": "text_if"}
    )
    assert losses.check({"preset": "text_if", "sign": "free"}, 64) == []
    assert losses.check({"preset": "text_if", "levels": 2}, 64) != []


def test_the_control_sees_only_the_frame_and_the_others_see_the_interior() -> None:
    for name in CATALOGUE:
        pair = images(9)
        before = value(pair, name)
        pair["fused"][..., 12:20, 12:20] = 0.5
        assert (value(pair, name) == pytest.approx(before, rel=1e-12)) == (name == "datfuse")


def test_the_ratios_of_tc_moas_mix_are_those_of_its_last_commit() -> None:
    mix: dict[str, Any] = dict(CATALOGUE.get("tc_moa")().mix)
    gradient, pixel, ssim = (mix[f"{name}_weight"] for name in ("gradient", "intensity", "ssim"))
    assert (gradient / pixel, ssim / pixel) == pytest.approx((9, 4 / 3))


@pytest.mark.parametrize("name", ["murf", "sdnet"])
def test_a_tie_is_infrared_where_the_repository_has_it_so(name: str) -> None:
    drawn = torch.randint(0, 256, (1, 1, 24, 24), generator=torch.Generator().manual_seed(13))
    visible, infrared = drawn.double() / 255, (255 - drawn).double() / 255
    pair = {"infrared": infrared[..., 1:-1, 1:-1], "visible": visible[..., 1:-1, 1:-1]}
    pair = {key: F.pad(image, (4, 4, 4, 4), value=0.5) for key, image in pair.items()}

    def cost(tied: str) -> float:
        term = {**CATALOGUE.get(name)().term, "tied_target": tied, "target_exponent": 1.0}
        loss = losses.build({**term, "gradient_weight": 1.0, "intensity_weight": 0.0})
        return float(loss(**pair, fused=pair[tied]))

    assert CATALOGUE.get(name)().term["tied_target"] == "infrared"
    assert cost("infrared") < 1e-3 > cost("visible")


@pytest.mark.parametrize("name", [name for name in FORMULAS if name != "murf"])
def test_what_equals_its_sources_costs_nothing_and_noise_costs(name: str) -> None:
    image = images(10)["infrared"]
    same = dict.fromkeys(("infrared", "visible", "fused"), image)
    assert value(same, name) == pytest.approx(0, abs=1e-15)
    assert value({**same, "fused": images(11)["fused"]}, name) > 1e-4


def test_murf_asks_for_steeper_edges_than_the_sources_have() -> None:
    image = images(10)["infrared"] / 8
    same = dict.fromkeys(("infrared", "visible", "fused"), image)
    assert value(same, "murf") > 0.01
