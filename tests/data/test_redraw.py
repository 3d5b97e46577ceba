"""Train and val drawn anew: same sizes, neighbours together, test untouched, seed by seed."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate import data
from ablate.data.splits import redraw

STEMS = [f"{n:03d}" for n in range(40)]


@given(st.integers(2, 60), st.integers(1, 20), st.integers(1, 6), st.integers(0, 99))
def test_a_draw_is_a_partition_of_the_right_size(
    total: int, count: int, blocks: int, seed: int
) -> None:
    stems = [f"{n:03d}" for n in range(total)]
    count = min(count, total - 1)
    rest, part = redraw(stems, count=count, seed=seed, blocks=blocks)
    assert sorted([*rest, *part]) == stems
    assert len(part) == count
    assert redraw(stems[::-1], count=count, seed=seed, blocks=blocks) == (rest, part)


def test_neighbours_stay_together() -> None:
    _, part = redraw(STEMS, count=8, seed=3, blocks=4)
    numbers = [int(stem) for stem in part]
    runs = 1 + sum(b - a > 1 for a, b in itertools.pairwise(numbers))
    assert runs <= 4


def test_every_stem_can_be_drawn_and_seeds_differ() -> None:
    draws = [redraw(STEMS, count=8, seed=seed)[1] for seed in range(400)]
    often = Counter(stem for part in draws for stem in part)
    assert set(often) == set(STEMS)
    assert len(set(draws)) > 350


def test_a_set_keeps_its_test_pairs_and_its_decoded_pairs() -> None:
    settings = {
        "name": "synthetic",
        "pairs": {"train": 6, "val": 2, "test": 2},
        "size": [32, 32],
        "seed": 0,
    }
    pairs = data.load(settings)
    one, two = pairs.redrawn(1), pairs.redrawn(2)
    assert one.stems("test") == pairs.stems("test")
    assert one.stems("val") != two.stems("val")
    assert len(one.stems("val")) == 2
    pool = {*pairs.stems("train"), *pairs.stems("val")}
    assert {*one.stems("train"), *one.stems("val")} == pool
    shared = set(one.stems("train")) & set(two.stems("train"))
    first = {pair.stem: pair for pair in one.pairs("train")}
    again = {pair.stem: pair for pair in two.pairs("train")}
    assert all(first[stem] is again[stem] for stem in shared)
    with pytest.raises(ValueError, match="val"):
        one.pairs("vall")
