"""Exploration: balanced values, spread points, and a control that sets nothing."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.config.schema import Dimension, Factor
from ablate.designs.contract import DESIGNS, Inputs, Rows

DIMENSIONS = {
    "ratio": Dimension(name="ratio", type="float", low=0.25, high=0.84),
    "variant": Dimension(name="variant", type="bundle", choices={"a": {}, "b": {}, "c": {}}),
    "levels": Dimension(name="levels", type="int", low=1, high=5),
}
FACTORS = {
    "variant": Factor(name="variant", dimension="variant", values=("a", "b", "c"), baseline="a"),
    "levels": Factor(name="levels", dimension="levels", values=(1, 2, 3, 5), baseline=3),
    "ratio": Factor(name="ratio", dimension="ratio", values=(0.25, 0.5), baseline=0.5),
}
NUISANCE = {"rate": Dimension(name="rate", type="float", low=1e-4, high=1e-2, log=True)}


def table(trials: int, *, seed: int = 0, factors: dict[str, Factor] | None = None) -> Rows:
    inputs = Inputs(
        factors=factors or FACTORS,
        dimensions=DIMENSIONS,
        nuisance=NUISANCE,
        trials=trials,
        seed=seed,
        phase="explore",
    )
    return DESIGNS.get("sobol")(inputs)


@given(trials=st.integers(1, 70), seed=st.integers(0, 99))
def test_every_listed_value_is_visited_equally_often(trials: int, seed: int) -> None:
    rows = table(trials, seed=seed)
    assert len(rows) == trials
    for name in ("variant", "levels"):
        counts = Counter(row.values[name] for row in rows)
        spread = [counts[value] for value in FACTORS[name].values]
        assert max(spread) - min(spread) <= 1
        if trials % len(spread) == 0:
            assert len(set(spread)) == 1


def test_a_float_factor_spreads_over_its_range_and_a_leader_over_its_values() -> None:
    ratios = {row.values["ratio"] for row in table(32)}
    assert len(ratios) == 32
    assert 0.25 <= min(ratios) < 0.28
    assert 0.81 < max(ratios) <= 0.84
    tied = {
        **FACTORS,
        "levels": Factor(
            name="levels", dimension="levels", values=(2, 3), baseline=3, tied_to="ratio"
        ),
    }
    pairs = Counter((row.values["ratio"], row.values["levels"]) for row in table(32, factors=tied))
    assert pairs == {(0.25, 2): 16, (0.5, 3): 16}


def test_the_control_is_uniform_and_tells_nothing_about_the_rest() -> None:
    rows = table(64)
    control = [row.dummy for row in rows]
    assert all(value is not None and 0 <= value <= 1 for value in control)
    assert sorted(int((value or 0) * 64) for value in control) == list(range(64))
    by_variant = {
        name: [row.dummy or 0 for row in rows if row.values["variant"] == name] for name in "abc"
    }
    for values in by_variant.values():
        assert sum(values) / len(values) == pytest.approx(0.5, abs=0.1)


def test_of_two_factors_of_one_dimension_only_the_first_is_spread() -> None:
    second = Factor(name="second", dimension="ratio", values=(0.5, 0.63), baseline=0.5)
    rows = table(16, factors={**FACTORS, "second": second})
    assert {row.values["second"] for row in rows} == {0.5}


def test_points_are_numbered_and_another_seed_gives_others() -> None:
    rows = table(8)
    assert [row.point for row in rows] == list(range(1, 9))
    assert all(row.block is None and row.seed is None for row in rows)
    assert not {row.dummy for row in rows} & {row.dummy for row in table(8, seed=1)}
