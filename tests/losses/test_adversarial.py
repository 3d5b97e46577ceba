"""The adversarial term: its two games, what its critic sees, how both learn, what is refused."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ablate import losses
from ablate.losses.regions import SalientSettings, salient
from ablate.losses.terms.adversarial import WASSERSTEIN, Adversarial, AdversarialSettings
from ablate.losses.terms.contract import Images

SIDE_PX = 32
GAMES = ("least_squares", "wasserstein", "wasserstein_divergence")


def images(fused: Tensor | None = None, *, dtype: torch.dtype = torch.float32) -> Images:
    drawn = torch.rand(3, 2, 1, SIDE_PX, SIDE_PX, generator=torch.Generator().manual_seed(7))
    infrared, visible, made = nn.functional.avg_pool2d(drawn.flatten(0, 1), 3, 1, 1).chunk(3)
    return Images(
        infrared=infrared.to(dtype),
        visible=visible.to(dtype),
        fused=(made if fused is None else fused).to(dtype),
        features={},
    )


def term(seed: int = 0, **settings: Any) -> Adversarial:
    torch.manual_seed(seed)
    return Adversarial(AdversarialSettings(critic_width=4, **settings))


def section(**settings: Any) -> dict[str, Any]:
    against = {"kind": "adversarial", "critic_width": 4, **settings}
    return {"gradient_weight": 0, "intensity_weight": 1, "terms": {"against": against}}


def as_arguments(some: Images) -> dict[str, Tensor]:
    return {"infrared": some.infrared, "visible": some.visible, "fused": some.fused}


@pytest.mark.parametrize("game", GAMES)
def test_the_value_is_the_game_of_the_critics_output(game: str) -> None:
    made, some = term(game=game), images()
    output = made._critic(some.fused)
    expected = -output.mean() if game in WASSERSTEIN else ((output - 1) ** 2).mean()
    assert made(some).item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize("game", WASSERSTEIN)
def test_what_slopes_cost_is_that_of_finite_differences(game: str) -> None:
    made, some = term(game=game, slope_weight=10.0), images(dtype=torch.float64)
    made.double()
    made._critic.requires_grad_(True)
    torch.manual_seed(3)
    found = made._loss(some.visible, some.fused)
    torch.manual_seed(3)
    at = torch.rand(2, 1, 1, 1, dtype=torch.float64)
    between = some.visible + at * (some.fused - some.visible)
    step, norms = 1e-6, []
    for image in between:
        slopes = []
        for place in range(SIDE_PX**2):
            moved = torch.zeros(SIDE_PX**2, dtype=torch.float64)
            moved[place] = step
            moved = moved.view_as(image)
            there, back = (made._critic((image + sign * moved)[None]) for sign in (1, -1))
            slopes.append(float((there - back).detach()) / (2 * step))
        norms.append(torch.tensor(slopes).norm())
    distance = made._critic(some.fused).mean() - made._critic(some.visible).mean()
    steep = torch.stack(norms)
    cost = (steep - 1) ** 2 if game == "wasserstein" else steep**6
    expected = distance.detach() + 10 * cost.mean()
    assert float(found.detach()) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("game", GAMES)
def test_a_critic_that_learns_tells_the_fused_from_the_source(game: str) -> None:
    made, some = term(game=game, critic_steps=60, critic_rate=0.01), images()

    def margin() -> float:
        with torch.no_grad():
            return float((made._critic(some.infrared) - made._critic(some.fused)).min())

    made._settings = AdversarialSettings(**{**_fields(made._settings), "real": "infrared"})
    before = margin()
    made.improve(some)
    assert margin() > max(0.1, before)


def _fields(one: AdversarialSettings) -> dict[str, Any]:
    return {name: getattr(one, name) for name in AdversarialSettings.__dataclass_fields__}


@pytest.mark.parametrize("game", GAMES)
def test_what_moves_against_a_critic_comes_near_to_what_it_takes_for_real(game: str) -> None:
    """A flat dark image, against a critic for which flat and bright is real, gets bright."""
    made = term(game=game, critic_rate=0.01)
    bright = torch.full((2, 1, SIDE_PX, SIDE_PX), 0.8)
    level = nn.Parameter(torch.tensor(0.2))
    optimizer = torch.optim.Adam([level], lr=0.01, betas=(0.5, 0.999))
    levels = []
    for _ in range(150):
        fused = level.expand_as(bright)
        some = Images(infrared=bright * 0, visible=bright, fused=fused, features={})
        made.improve(Images(infrared=bright * 0, visible=bright, fused=fused.detach(), features={}))
        optimizer.zero_grad()
        made(some).backward()
        optimizer.step()
        levels.append(level.item())
    assert 0.6 < sum(levels[-50:]) / 50 < 1.0


def test_the_network_and_the_critic_move_apart_from_each_other() -> None:
    made, some = term(), images()
    kept = {name: value.clone() for name, value in made.state_dict().items()}
    fused = some.fused.clone().requires_grad_()
    made(Images(**as_arguments(some) | {"fused": fused}, features={})).backward()
    assert fused.grad is not None
    assert float(fused.grad.abs().sum()) > 0
    assert all(one.grad is None for one in made.parameters())
    assert all(torch.equal(kept[name], value) for name, value in made.state_dict().items())
    made.improve(some)
    assert not any(torch.equal(kept[name], value) for name, value in made.state_dict().items())


def test_a_critic_of_edges_is_blind_to_brightness() -> None:
    some = images()
    brighter = Images(**as_arguments(some) | {"fused": some.fused + 0.1}, features={})
    changes = [change(term(sees=sees), some, brighter) for sees in ("edges", "image")]
    assert changes[0] < 0.01 * changes[1]


def test_a_critic_of_salient_parts_sees_the_image_times_the_region() -> None:
    some, made = images(), term(sees="salient")
    mask = salient(some.infrared, some.visible, settings=SalientSettings())
    output = made._critic(some.fused * mask)
    assert made(some).item() == pytest.approx(((output - 1) ** 2).mean().item(), rel=1e-6)


def change(made: Adversarial, one: Images, other: Images) -> float:
    return abs(made(one).item() - made(other).item())


def test_a_critic_improves_once_a_step_and_only_while_its_term_counts() -> None:
    loss = losses.build(section(**{"from": 1}))
    (critic,) = loss.opponents.values()

    def moved() -> bool:
        before = [one.clone() for one in critic.parameters()]
        loss(**as_arguments(images()))
        return not all(torch.equal(*pair) for pair in zip(before, critic.parameters(), strict=True))

    assert not moved()  # no step of a training was announced
    loss.at_step(1)
    assert not moved()  # its term begins after step 1
    loss.at_step(2)
    assert moved()
    assert not moved()
    loss.diagnose(**as_arguments(images()))
    assert float(loss.last_terms["against/weight"]) == 1.0
    assert float(loss.last_terms["against/grad_share"]) > 0


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"weight": "learned"}, "would learn to ignore it; write a number"),
        ({"region": "salient"}, "adversarial is one number for a batch"),
        ({"real": "thermal"}, "real"),
        ({"critic_rate": 0}, "critic_rate"),
        ({"slope_weight": -1}, "slope_weight"),
    ],
)
def test_a_fault_of_an_adversarial_term_is_one_line(more: dict[str, Any], says: str) -> None:
    (line,) = losses.check(section(**more), SIDE_PX)
    assert line.startswith("loss.terms.against.")
    assert says in line


def test_settings_of_the_other_game_leave_the_id() -> None:
    plain, other = (losses.canonical(section(**more)) for more in ({}, {"slope_weight": 3.0}))
    assert plain == other
    assert plain != losses.canonical(section(game="wasserstein"))
