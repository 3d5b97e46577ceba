"""Best set, mean ranks, margins, ends of a range, main effects, power of the crossed t."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ablate.positions import positions
from ablate.stats import range_edge
from ablate.stats.best_set import beats, best_set, first_and_second
from ablate.stats.crossed import crossed_t
from ablate.stats.crossed_power import crossed_blocks, crossed_detectable, crossed_power
from ablate.stats.main_effects import main_effects, shuffle_line
from ablate.stats.margins import is_equivalent, is_non_inferior
from ablate.stats.power import blocks_needed, detectable_effect
from ablate.stats.ranks import mean_ranks


def test_the_best_set_holds_the_true_best_and_loses_the_far_worse() -> None:
    random = np.random.default_rng(0)
    held = lost = 0
    for _ in range(400):
        scores = random.normal([0.5, 0.3, 0.0, -4.0], 1.0, size=(8, 4))
        best = best_set(scores)
        held += 0 in best
        lost += 3 not in best
    assert held / 400 >= 0.97
    assert lost / 400 >= 0.95
    assert best_set(np.zeros((8, 3))) == (0, 1, 2)
    assert best_set([[1.0], [2.0]]) == (0,)


def test_a_first_and_a_second_are_given_only_where_they_are_shown() -> None:
    random = np.random.default_rng(4)
    blocks, images = random.normal(0, 2, (8, 1, 1)), random.normal(0, 2, (1, 1, 10))

    def drawn(means: list[float]) -> np.ndarray:
        noise = random.normal(0, 1, (8, len(means), 1)) + random.normal(0, 1, (8, len(means), 10))
        return np.asarray(np.array(means)[:, None] + blocks + images + noise)

    equal = sum(bool(first_and_second(drawn([0, 0, 0, 0]))) for _ in range(300))
    two_first = sum(bool(first_and_second(drawn([9, 9, 0, 0]))) for _ in range(300))
    assert equal <= 27  # .09 of 300: beyond chance at .05
    assert two_first <= 27
    assert first_and_second(drawn([0, 20, 10, 0])) == (1, 2)
    assert first_and_second(drawn([10, 20, 10, 10])) == (1,)
    assert first_and_second([[1.0, 9.0], [1.1, 9.1], [1.2, 9.0]]) == (1,)  # of two none is second
    wins = beats(drawn([0, 20, 10, 0]), alpha=0.05)
    assert wins.tolist()[1] == [True, False, True, True]
    assert not wins[0, 3]
    assert not wins[3, 0]


def test_ranks_are_taken_inside_a_block() -> None:
    scores = np.random.default_rng(0).normal(size=(5, 3, 6))
    wanted = [
        [np.mean([stats.rankdata(-block[:, m])[v] for m in range(6)]) for v in range(3)]
        for block in scores
    ]
    assert mean_ranks(scores).tolist() == wanted


def test_margins_are_open() -> None:
    assert is_equivalent(low=-0.9, high=0.9, margin=1.0)
    assert not is_equivalent(low=-0.9, high=1.0, margin=1.0)
    assert not is_equivalent(low=-1.1, high=0.0, margin=1.0)
    assert is_non_inferior(low=-0.9, margin=1.0)
    assert not is_non_inferior(low=-1.0, margin=1.0)


@given(count=st.integers(1, 30), share=st.floats(0, 1))
def test_chance_of_crowding_is_the_binomial_tail(count: int, share: float) -> None:
    outer = round(count * share)
    assert range_edge.chance_of(outer, count) == pytest.approx(
        stats.binom.sf(outer - 1, count, 0.1)
    )


def test_places_follow_the_scale_of_the_range() -> None:
    middle = positions([1.0], low=0.1, high=10.0, is_log=True)
    assert middle == pytest.approx([0.5])
    assert range_edge.count_outer(positions([1.0], low=0.1, high=10.0).tolist()) == 0
    assert range_edge.count_outer(positions([0.5], low=0.1, high=10.0).tolist()) == 1


def test_a_main_effect_is_the_r_squared_of_a_parabola() -> None:
    random = np.random.default_rng(0)
    x = random.random((40, 3))
    y = 2 * x[:, 0] + (x[:, 1] - 0.5) ** 2 + 0.1 * random.normal(size=40)
    for dimension in range(3):
        fitted = np.polyval(np.polyfit(x[:, dimension], y, 2), x[:, dimension])
        wanted = 1 - ((y - fitted) ** 2).sum() / ((y - y.mean()) ** 2).sum()
        assert main_effects(x, y)[dimension] == pytest.approx(wanted)
    line = shuffle_line(x, y, generator=random)
    assert main_effects(x, y)[0] > line > main_effects(x, y)[2]
    assert not main_effects(x, np.ones(40)).any()


@given(blocks=st.integers(3, 30), sd=st.floats(0.1, 10))
def test_without_image_variance_it_is_the_power_of_the_paired_t(blocks: int, sd: float) -> None:
    found = crossed_detectable(blocks=blocks, block_variance=sd**2, image_variance=0)
    assert found == pytest.approx(sd * detectable_effect(blocks=blocks), rel=1e-6)
    assert crossed_blocks(effect=0.8 * sd, block_variance=sd**2, image_variance=0) == blocks_needed(
        effect=0.8
    )


def test_power_is_what_a_simulation_finds() -> None:
    random = np.random.default_rng(2)
    studies, blocks, images, image_sd = 4000, 8, 40, 1.5
    d = (
        1.0
        + random.normal(size=(studies, blocks, 1))
        + image_sd * random.normal(size=(studies, 1, images))
        + random.normal(size=(studies, blocks, images))
    )
    seen = float((crossed_t(d).p < 0.05).mean())
    said = crossed_power(
        effect=1.0,
        blocks=blocks,
        block_variance=1 + 1 / images,
        image_variance=image_sd**2 / images,
    )
    assert said == pytest.approx(seen, abs=0.03)


def test_no_number_of_blocks_finds_what_the_images_hide() -> None:
    assert crossed_blocks(effect=0.1, block_variance=1.0, image_variance=0.5) is None
    assert crossed_blocks(effect=0.0, block_variance=1.0, image_variance=0.0) is None
    assert crossed_blocks(effect=1.0, block_variance=0.0, image_variance=0.0) == 2
