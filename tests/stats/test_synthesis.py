"""The synthesis of cells: a plain integration by sampling, symmetry, planted truth."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from ablate.errors import DataError
from ablate.stats import synthesis
from ablate.stats.synthesis import CellEffect, Synthesis, synthesize


def cells(*pairs: tuple[float, float], df: float = 10) -> list[CellEffect]:
    return [CellEffect(estimate=estimate, se=se, df=df) for estimate, se in pairs]


def by_sampling(some: list[CellEffect], *, scale: float, smallest: float) -> dict[str, float]:
    """Importance sampling from the prior: no grid and no mixture of normals."""
    random = np.random.default_rng(0)
    n = 400_000
    spread = np.abs(scale * random.standard_cauchy(n))
    centre, width = np.mean([c.estimate for c in some]), 30.0
    mean = random.uniform(centre - width, centre + width, n)
    log = np.zeros(n)
    for cell in some:  # one draw of the effect of the cell is an unbiased likelihood
        density = np.zeros(n)
        for _ in range(8):
            effect = mean + spread * random.normal(size=n)
            density += stats.t.pdf((cell.estimate - effect) / cell.se, cell.df)
        log += np.log(np.maximum(density, 1e-300))
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    return {
        "mean": float((weight * mean).sum()),
        "p_gain": float(weight[mean > smallest].sum()),
        "p_loss": float(weight[mean < -smallest].sum()),
    }


@pytest.mark.parametrize(
    "some",
    [
        cells((5.2, 1.2), (12.7, 3.1)),
        cells((0.8, 2.0), (-1.5, 2.5), (2.0, 1.0)),
        cells((3.0, 1.0), (4.0, 1.0), (2.5, 1.5), (3.5, 0.8), df=5),
    ],
)
def test_it_is_the_posterior_that_sampling_finds(some: list[CellEffect]) -> None:
    scale = {2: 4.0}.get(len(some), 3.0)
    found, wanted = (
        synthesize(some, smallest_effect=1.0),
        by_sampling(some, scale=scale, smallest=1),
    )
    assert found.mean == pytest.approx(wanted["mean"], abs=0.35)
    assert found.p_gain == pytest.approx(wanted["p_gain"], abs=0.03)
    assert found.p_loss == pytest.approx(wanted["p_loss"], abs=0.03)


def test_the_other_direction_mirrors() -> None:
    some = cells((5.0, 1.0), (2.0, 2.0), (8.0, 3.0))
    other = [dataclasses.replace(cell, estimate=-cell.estimate) for cell in some]
    one, two = synthesize(some, smallest_effect=1), synthesize(other, smallest_effect=1)
    assert two.mean == pytest.approx(-one.mean, abs=1e-9)
    assert (two.low, two.high) == pytest.approx((-one.high, -one.low), abs=1e-9)
    assert two.p_loss == pytest.approx(one.p_gain, abs=1e-9)
    assert two.next_loss == pytest.approx(one.next_gain, abs=1e-9)


def test_the_unit_does_not_matter() -> None:
    some = cells((5.0, 1.0), (2.0, 2.0), (8.0, 3.0))
    scaled = [
        CellEffect(estimate=0.01 * cell.estimate, se=0.01 * cell.se, df=cell.df) for cell in some
    ]
    one, two = synthesize(some, smallest_effect=1), synthesize(scaled, smallest_effect=0.01)
    assert two.mean == pytest.approx(0.01 * one.mean, rel=1e-6)
    assert two.word == one.word


def test_words() -> None:
    def word(*pairs: tuple[float, float]) -> str:
        return synthesize(cells(*pairs), smallest_effect=1.0).word

    assert word((6, 0.5), (6.5, 0.6), (5.5, 0.5), (6, 0.4)) == "gain"
    assert word((-6, 0.5), (-6.5, 0.6), (-5.5, 0.5)) == "loss"
    assert word((9, 1.0), (-16, 2.0), (1, 2.0)) == "does not generalise"
    assert word((0.2, 2.0), (-0.3, 2.0)) == "open"
    assert word((-0.6, 0.1), (0.3, 0.1)) == "open"  # they differ, by less than what matters
    assert word((4, 1.5), (3, 1.5), (0.5, 1.5)).startswith("lean")


@pytest.mark.parametrize(
    ("bad", "smallest"),
    [(cells((1, 1)), 1.0), (cells((1, 1), (2, 0)), 1.0), (cells((1, 1), (2, 1)), 0.0)],
)
def test_what_cannot_be_said_is_refused(bad: list[CellEffect], smallest: float) -> None:
    with pytest.raises(DataError, match="synthesis"):
        synthesize(bad, smallest_effect=smallest)


def simulated(
    *, count: int, spread: float, se: float, effect: float, studies: int
) -> list[Synthesis]:
    random = np.random.default_rng([count, int(10 * spread), int(10 * se), int(effect)])
    found = []
    for _ in range(studies):
        effects = effect + spread * random.normal(size=count)
        seen = effects + se * random.standard_t(10, size=count)
        found.append(synthesize(cells(*((y, se) for y in seen)), smallest_effect=1.0))
    return found


@pytest.mark.parametrize(
    ("count", "spread"), [(2, 0.0), (2, 1.5), (2, 3.0), (3, 3.0), (4, 0.0), (4, 3.0)]
)
def test_false_words_are_seldom(count: int, spread: float) -> None:
    for se in (0.5, 2.0):
        found = simulated(count=count, spread=spread, se=se, effect=0, studies=100)
        assert sum(one.word in ("gain", "loss") for one in found) / 100 <= 0.05 + 0.03


def test_two_cells_have_a_wider_prior_which_keeps_false_words_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    some = cells((5.2, 1.2), (7.1, 1.4))
    wide = synthesize(some, smallest_effect=1.0)
    monkeypatch.setattr(synthesis, "SPREAD", {2: synthesis.SPREAD_OF_MORE})
    narrow = synthesize(some, smallest_effect=1.0)
    assert synthesis.SPREAD_OF_MORE < 4.0
    assert wide.low < narrow.low < narrow.high < wide.high
    assert wide.p_gain < narrow.p_gain


def test_chances_do_not_hang_on_where_the_points_of_the_grid_lie() -> None:
    """A smallest effect between two points of the grid is not moved to one of them."""
    some = cells((4.4, 1.0), (12.7, 3.1), df=7)
    chances = [synthesize(some, smallest_effect=s).p_gain for s in (1.0, 1.05, 1.1, 1.15)]
    steps = np.diff(chances)
    assert (steps < 0).all()
    assert steps.min() / steps.max() < 3


def test_true_effects_are_found() -> None:
    two = simulated(count=2, spread=2, se=1.2, effect=6, studies=100)
    four = simulated(count=4, spread=2, se=1.2, effect=6, studies=100)
    assert sum(one.word == "gain" for one in two) >= 30
    assert sum(one.word == "gain" for one in four) >= 75
    covered = [one.next_low < 6 < one.next_high for one in four]
    assert sum(covered) >= 95
