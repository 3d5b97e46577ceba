"""Looks by simulation: error, power and blocks; and the simulation against the plain form."""

import numpy as np
import pytest

from ablate.stats.arrays import Floats
from ablate.stats.crossed import crossed_t
from ablate.stats.multiplicity import holm
from ablate.stats.power import detectable_effect
from ablate.stats.sequential import Course, Ended, Spread, simulate

STUDIES = 4000
ERROR = 3 * (0.05 * 0.95 / STUDIES) ** 0.5  # three standard errors of a rate of 0.05


def against_first(values: int) -> Floats:
    return np.concatenate([-np.ones((values - 1, 1)), np.eye(values - 1)], axis=1)


def ended(
    course: Course,
    *,
    values: int = 2,
    metrics: int = 1,
    effect: float = 0.0,
    images: float = 0.0,
    seed: int = 0,
    studies: int = STUDIES,
) -> Ended:
    """Studies whose design finds a difference of 1 in one comparison with a chance of 80 %."""
    blocks, family = course.blocks[-1], (values - 1) * metrics
    truth = np.zeros((values, metrics))
    truth[-1] = effect
    block = 1 / detectable_effect(blocks=blocks, alpha=0.05 / family)
    return simulate(
        against_first(values),
        effects=truth,
        spreads=[Spread(block=block, images=images)] * metrics,
        margins=[1.0] * metrics,
        course=course,
        studies=studies,
        random=np.random.default_rng(seed),
    )


def claims(found: Ended) -> Floats:
    return np.asarray((found.is_gain | found.is_loss).any(axis=(1, 2)).mean())


LOOKS = {blocks: Course.of(blocks, looks=4, futility=0.25) for blocks in (16, 32)}


@pytest.mark.parametrize("blocks", [16, 32])
@pytest.mark.parametrize("images", [0.0, 0.2])
@pytest.mark.parametrize(("values", "metrics"), [(2, 1), (3, 1), (3, 2), (5, 2)])
def test_a_true_null_is_claimed_with_chance_alpha_over_all_looks(
    blocks: int, images: float, values: int, metrics: int
) -> None:
    found = ended(LOOKS[blocks], values=values, metrics=metrics, images=images, seed=values)
    assert claims(found) <= 0.05 + ERROR


def test_beside_a_true_difference_the_others_are_claimed_with_chance_alpha() -> None:
    found = ended(LOOKS[32], values=4, effect=1.5)
    false = (found.is_gain | found.is_loss)[:, :-1].any(axis=(1, 2)).mean()
    assert false <= 0.05 + ERROR


@pytest.mark.parametrize("blocks", [16, 32])
def test_looks_save_blocks_and_keep_power(blocks: int) -> None:
    course, whole = LOOKS[blocks], Course.of(blocks)
    null, found, fixed = ended(course), ended(course, effect=1.0), ended(whole, effect=1.0)
    assert null.blocks.mean() <= 0.8 * blocks
    assert found.blocks.mean() <= 0.9 * blocks
    assert (fixed.blocks == blocks).all()
    assert fixed.is_gain.mean() == pytest.approx(0.8, abs=0.02)
    assert fixed.is_gain.mean() - found.is_gain.mean() <= 0.03


def test_an_even_split_needs_more_blocks_for_the_same_power() -> None:
    even = Course(blocks=(32,), levels=(0.05 / 4,))
    assert (
        ended(even, effect=1.0).is_gain.mean() < ended(LOOKS[32], effect=1.0).is_gain.mean() - 0.1
    )


def test_without_futility_a_null_runs_to_its_end_unless_it_is_equivalent() -> None:
    course = Course.of(32, looks=4)
    null = ended(course)
    decided = (null.is_gain | null.is_loss | null.is_equivalent).all(axis=(1, 2))
    assert (null.blocks[~decided] == 32).all()
    assert null.blocks.mean() > 0.9 * 32


def test_equivalence_at_the_margin_is_claimed_with_chance_half_alpha() -> None:
    found = ended(Course.of(32, looks=4), effect=1.0)
    assert found.is_equivalent.mean() <= 0.025 + ERROR


def test_it_is_the_crossed_t_of_blocks_and_images() -> None:
    """The sufficient numbers give the claims of studies that are drawn image by image."""
    random = np.random.default_rng(5)
    block, images, blocks, cases, values = 1.0, 0.3, 10, 12, 3
    found = simulate(
        against_first(values),
        effects=[[0.0], [0.0], [1.2]],
        spreads=[Spread(block=block, images=images, cases=cases)],
        margins=[np.nan],
        course=Course.of(blocks),
        studies=STUDIES,
        random=random,
    )
    runs = random.normal(size=(STUDIES, blocks, 1, values)) * block / 2**0.5
    suits = random.normal(size=(STUDIES, 1, cases, values)) * images * (cases / 2) ** 0.5
    scores = runs + suits + np.array([0.0, 0.0, 1.2])
    d = np.moveaxis(scores @ against_first(values).T, -1, 1)
    plain = holm(crossed_t(d).p) < 0.05
    rates = (found.is_gain | found.is_loss)[..., 0].mean(axis=0)
    assert rates == pytest.approx(plain.mean(axis=0), abs=0.03)
