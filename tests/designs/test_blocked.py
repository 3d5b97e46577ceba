"""The answer design: what is shared inside a block, what is fresh between blocks."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.config.schema import Dimension, Factor
from ablate.designs.contract import DESIGNS, Inputs, Rows
from ablate.errors import ConfigError

FACTORS = {
    "ratio": Factor(name="ratio", dimension="ratio", values=(0.25, 0.5, 0.7), baseline=0.5),
    "levels": Factor(
        name="levels", dimension="levels", values=(2, 3, 5), baseline=3, tied_to="ratio"
    ),
}
NUISANCE = {
    "rate": Dimension(name="rate", type="float", low=1e-4, high=1e-2, log=True),
    "weight": Dimension(name="weight", type="float", low=1.0, high=100.0, log=True),
}


def table(
    points: int, blocks: int, *, seed: int = 0, phase: str = "answer", **options: Any
) -> Rows:
    inputs = Inputs(factors=FACTORS, nuisance=NUISANCE, seed=seed, phase=phase)
    return DESIGNS.get("blocked")(inputs, points=points, blocks=blocks, **options)


@given(points=st.sampled_from([1, 2, 4, 8]), blocks=st.integers(1, 6), seed=st.integers(0, 99))
def test_a_block_is_one_seed_one_split_and_the_same_points_for_every_value(
    points: int, blocks: int, seed: int
) -> None:
    rows = table(points, blocks, seed=seed)
    assert len(rows) == 3 * points * blocks
    for block, some in itertools.groupby(rows, key=lambda row: row.block):
        group = list(some)
        assert block is not None
        assert len({row.seed for row in group}) == len({row.split_seed for row in group}) == 1
        of_value: dict[float, list[Any]] = {}
        for row in group:
            place = (row.point, *row.nuisance.values())
            of_value.setdefault(row.values["ratio"], []).append(place)
        assert len(of_value) == 3
        assert len({tuple(places) for places in of_value.values()}) == 1
        assert [place[0] for place in of_value[0.5]] == list(range(1, points + 1))
    assert sorted({row.block for row in rows if row.block}) == list(range(1, blocks + 1))


def test_blocks_have_seeds_splits_and_points_of_their_own() -> None:
    rows = table(4, 16)
    assert len({row.seed for row in rows}) == 16
    assert len({row.split_seed for row in rows}) == 16
    assert not {row.seed for row in rows} & {row.split_seed for row in rows}
    points = {(row.block, *row.nuisance.values()) for row in rows}
    assert len(points) == len({point[1:] for point in points}) == 64


def test_a_larger_design_contains_the_smaller_one() -> None:
    small = [(row.block, row.point, row.seed, row.nuisance, row.values) for row in table(2, 3)]
    large = [(row.block, row.point, row.seed, row.nuisance, row.values) for row in table(8, 16)]
    assert all(row in large for row in small)


def test_another_study_seed_or_phase_is_another_table() -> None:
    first = table(2, 3)
    for other in (table(2, 3, seed=1), table(2, 3, phase="confirm")):
        assert not {row.seed for row in first} & {row.seed for row in other}
        assert first[0].nuisance != other[0].nuisance


@pytest.mark.parametrize("points", [2, 4, 8, 16])
def test_points_of_a_block_fall_one_into_each_equal_part_of_the_log_scale(points: int) -> None:
    """Each coordinate of a Sobol net has one point in each of T equal intervals."""
    for block, some in itertools.groupby(table(points, 6), key=lambda row: row.block):
        rows = [row for row in some if row.values["ratio"] == 0.5]
        for name, (low, high) in {"rate": (1e-4, 1e-2), "weight": (1.0, 100.0)}.items():
            parts = [
                math.floor(points * math.log(row.nuisance[name] / low) / math.log(high / low))
                for row in rows
            ]
            assert sorted(parts) == list(range(points)), (block, name)


def test_over_many_blocks_the_log_of_a_nuisance_is_uniform() -> None:
    """The mean of 128 stratified points lies within 0.01 of the middle, that of the values not."""
    rows = [row for row in table(8, 16) if row.values["ratio"] == 0.5]
    rates = np.array([row.nuisance["rate"] for row in rows])
    assert np.log10(rates).mean() == pytest.approx(-3, abs=0.02)
    assert abs(rates.mean() - (1e-4 + 1e-2) / 2) > 1e-3


def test_all_values_of_a_point_stand_side_by_side() -> None:
    rows = table(2, 2)
    assert [(row.block, row.point) for row in rows] == [
        place for place in itertools.product((1, 2), (1, 2)) for _ in range(3)
    ]
    assert [row.values["levels"] for row in rows[:3]] == [3, 2, 5]


def test_all_combinations_can_be_blocked_too() -> None:
    factors = {
        **FACTORS,
        "kind": Factor(name="kind", dimension="kind", values=("a", "b"), baseline="a"),
    }
    inputs = Inputs(factors=factors, nuisance=NUISANCE, phase="answer")
    rows = DESIGNS.get("blocked")(inputs, points=2, blocks=2, arms="full_factorial")
    assert len(rows) == 6 * 4


def test_two_factors_in_blocks_by_hand() -> None:
    """All four combinations share every point of a block; only the combination differs."""
    factors = {
        "pad": Factor(name="pad", dimension="pad", values=("zeros", "replicate"), baseline="zeros"),
        "crop": Factor(name="crop", dimension="crop", values=(64, 128), baseline=128),
    }
    inputs = Inputs(factors=factors, nuisance=NUISANCE, seed=1, phase="answer")
    rows = DESIGNS.get("blocked")(inputs, points=2, blocks=2, arms="full_factorial")
    cells = [("zeros", 64), ("zeros", 128), ("replicate", 64), ("replicate", 128)]
    assert [(row.block, row.point, row.values["pad"], row.values["crop"]) for row in rows] == [
        (block, point, *cell) for block in (1, 2) for point in (1, 2) for cell in cells
    ]
    for start in range(0, 16, 4):
        four = rows[start : start + 4]
        assert len({(row.seed, row.split_seed, *row.nuisance.values()) for row in four}) == 1


def test_points_that_nothing_tells_apart_are_refused() -> None:
    inputs = Inputs(factors=FACTORS, phase="answer")
    with pytest.raises(ConfigError, match="use points: 1, or let the nuisance vary"):
        DESIGNS.get("blocked")(inputs, points=4, blocks=8)
    assert len(DESIGNS.get("blocked")(inputs, points=1, blocks=8)) == 24


@pytest.mark.parametrize("points", [0, 3, 6])
def test_a_number_of_points_that_is_no_power_of_two_is_refused(points: int) -> None:
    with pytest.raises(ConfigError, match="must be a power of two"):
        table(points, 8)
