"""Levels of interim analyses against published tables and simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from ablate.errors import DataError
from ablate.stats.interim import (
    Midway,
    conditional_power,
    is_futile,
    levels_at,
    looks_at,
    obrien_fleming,
)

# z of gsDesign / Jennison and Turnbull for Lan-DeMets spending of O'Brien-Fleming type, two-sided
PUBLISHED = {
    (1, 0.05): [1.960],
    (2, 0.05): [2.963, 1.969],
    (3, 0.05): [3.710, 2.511, 1.993],
    (4, 0.05): [4.333, 2.963, 2.359, 2.014],
    (5, 0.05): [4.877, 3.357, 2.680, 2.290, 2.031],
}


@pytest.mark.parametrize("case", PUBLISHED, ids=str)
def test_they_are_the_published_bounds(case: tuple[int, float]) -> None:
    levels = obrien_fleming(*case)
    z = [float(stats.norm.isf(level / 2)) for level in levels]
    assert z == pytest.approx(PUBLISHED[case], abs=2e-3)


@pytest.mark.parametrize("analyses", [2, 4, 8])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_over_all_analyses_a_true_null_is_rejected_with_chance_alpha(
    analyses: int, alpha: float
) -> None:
    steps = np.random.default_rng(analyses).normal(size=(200_000, analyses))
    z = steps.cumsum(axis=1) / np.sqrt(np.arange(1, analyses + 1))
    p = 2 * stats.norm.sf(np.abs(z))
    rejected = (p < np.array(obrien_fleming(analyses, alpha))).any(axis=1).mean()
    assert rejected == pytest.approx(alpha, abs=4 * math.sqrt(alpha / 200_000))


def test_later_analyses_may_use_more() -> None:
    levels = obrien_fleming(6)
    assert list(levels) == sorted(levels)
    assert 0.04 < levels[-1] < 0.05


def test_conditional_power_is_what_simulation_finds() -> None:
    z, share, drift = 1.2, 0.6, 3.0
    rest = np.random.default_rng(0).normal(drift * (1 - share), math.sqrt(1 - share), 400_000)
    end = z * math.sqrt(share) + rest
    assert conditional_power(z=z, share=share, drift=drift) == pytest.approx(
        float((end > 1.959964).mean()), abs=0.004
    )


@pytest.mark.parametrize(("analyses", "alpha"), [(0, 0.05), (21, 0.05), (3, 0.0), (3, 1.0)])
def test_what_cannot_be_is_refused(analyses: int, alpha: float) -> None:
    with pytest.raises(DataError, match="looks"):
        obrien_fleming(analyses, alpha)


def test_shares_that_are_not_even_hold_alpha_too() -> None:
    shares = (0.5, 0.6, 1.0)
    steps = np.random.default_rng(3).normal(size=(200_000, 3)) * np.sqrt(np.diff([0, *shares]))
    z = steps.cumsum(axis=1) / np.sqrt(shares)
    rejected = (2 * stats.norm.sf(np.abs(z)) < np.array(levels_at(shares))).any(axis=1).mean()
    assert rejected == pytest.approx(0.05, abs=4 * math.sqrt(0.05 / 200_000))


@pytest.mark.parametrize("shares", [(0.5, 0.4, 1.0), (0.0, 1.0), (0.5,), ()])
def test_shares_must_rise_to_the_whole(shares: tuple[float, ...]) -> None:
    with pytest.raises(DataError, match="rise to the whole"):
        levels_at(shares)


@pytest.mark.parametrize(
    ("blocks", "looks", "at"),
    [
        (16, 4, (8, 12, 16)),
        (32, 4, (8, 16, 24, 32)),
        (8, 2, (8,)),
        (16, 1, (16,)),
        (13, 2, (7, 13)),
    ],
)
def test_looks_are_even_and_never_before_a_claim_is_possible(
    blocks: int, looks: int, at: tuple[int, ...]
) -> None:
    assert looks_at(blocks, looks) == at


def futile(**changes: object) -> bool:
    settings = {"blocks": 8, "planned": 16, "margin": 1.0, "alpha": 0.05, "bound": 0.25}
    seen = {"estimate": 0.0, "p": 1.0, "block_variance": 4.0, "image_variance": 0.0}
    middle = Midway(**{**seen, **{k: v for k, v in changes.items() if k in seen}})  # type: ignore[arg-type]
    rest = {**settings, **{k: v for k, v in changes.items() if k in settings}}
    return bool(is_futile(middle, **rest))  # type: ignore[arg-type]


def test_going_on_is_futile_below_the_bound_at_the_smallest_effect() -> None:
    # half of the blocks are in, the end has a standard error of 0.5: drift 2
    chance = float(conditional_power(z=0.0, share=0.5, drift=2.0))
    assert not futile(bound=chance - 0.01)
    assert futile(bound=chance + 0.01)
    assert not futile(bound=0.0)
    assert not futile(margin=np.nan, bound=0.9)  # nothing is named that would matter


def test_a_larger_effect_than_the_smallest_keeps_a_study_going() -> None:
    small = {"margin": 0.01, "bound": 0.25}
    assert futile(estimate=0.1, p=0.9, **small)
    assert not futile(estimate=1.4, p=0.05, **small)
