"""The map from [0, 1] to values: one for designs and samplers, and that of older stores."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.config.schema import Dimension
from ablate.designs.points import value_of
from ablate.positions import HALF_ENDS, NEWEST, Axis, positions
from ablate.search.contract import SearchSettings
from ablate.search.space import distribution
from ablate.search.suggest import suggest
from ablate.search.tables import axis_of
from ablate.study.ledger import Ledger

LEVELS = Dimension(name="levels", type="int", path="loss.levels", low=1, high=8, log=True)
DIMENSIONS = {
    "levels": replace(LEVELS, baseline=3),
    "ratio": Dimension(
        name="ratio", type="float", path="loss.ratio", low=0.25, high=0.84, baseline=0.5
    ),
    "rate": Dimension(
        name="rate", type="float", path="train.rate", low=1e-4, high=1e-2, log=True, baseline=1e-3
    ),
    "kind": Dimension(
        name="kind", type="categorical", path="loss.sign", choices=("kept", "free"), baseline="kept"
    ),
}
BASE = {"loss": {"levels": 3, "ratio": 0.5, "sign": "kept"}, "train": {"rate": 1e-3}}
RECORDED = [  # suggestions of a qmc search by the version before decision 0016
    (4, 0.7912129952944815, 0.00015882283537591995, "free"),
    (1, 0.3959163043089211, 0.0014690072024387294, "kept"),
    (2, 0.6896754480712115, 0.0005277182623425306, "free"),
    (5, 0.49720029493793844, 0.004264988383090482, "kept"),
    (7, 0.5771116814948618, 0.0028514059867383286, "kept"),
    (2, 0.4537681506760418, 0.00026854276786868436, "free"),
]


def suggested(number: int, *, version: int) -> dict[str, Any]:
    settings = SearchSettings(
        dimensions=DIMENSIONS, base=BASE, sampler="qmc", study_seed=7, positions=version
    )
    return suggest(settings, number=number, finished=(), open_trials=())


def test_an_older_search_goes_on_with_the_points_that_were_recorded() -> None:
    for number, values in enumerate(RECORDED):
        *numbers, kind = suggested(number, version=HALF_ENDS).values()
        assert [*numbers, kind] == [*map(pytest.approx, values[:-1]), values[-1]]


def test_a_new_search_differs_from_it_in_whole_numbers_on_a_log_scale_alone() -> None:
    moved = 0
    for number in range(32):
        old, new = (suggested(number, version=version) for version in (HALF_ENDS, NEWEST))
        moved += old.pop("levels") != new.pop("levels")
        assert old == new
    assert moved > 4


@given(position=st.floats(0, 1, exclude_max=True))
def test_designs_and_samplers_agree(position: float) -> None:
    for dimension in DIMENSIONS.values():
        value = axis_of(distribution(dimension)).value(position)
        assert value_of(dimension, position) == (
            pytest.approx(value, rel=1e-5) if isinstance(value, float) else value
        )


def test_the_end_values_of_a_log_scale_have_whole_cells() -> None:
    axis = Axis(low=1, high=8, is_log=True, is_whole=True)
    old = replace(axis, version=HALF_ENDS)
    many = [(k + 0.5) / 20000 for k in range(20000)]
    now, before = (Counter(one.value(x) for x in many) for one in (axis, old))
    assert now[1] > now[2] > now[7] > now[8] > 0.8 * now[7]
    assert before[1] < before[2]
    assert before[8] < 0.5 * before[7]


@pytest.mark.parametrize("version", [HALF_ENDS, NEWEST])
def test_a_whole_number_comes_back_from_its_position(version: int) -> None:
    axis = Axis(low=1, high=64, is_log=True, is_whole=True, version=version)
    assert [axis.value(axis.position(number)) for number in range(1, 65)] == list(range(1, 65))


def test_a_float_among_choices_is_not_rounded() -> None:
    dimension = Dimension(name="x", type="categorical", choices=(0.70710678, 0.5))
    assert value_of(dimension, 0.0) == 0.70710678


def test_positions_of_an_array_follow_the_scale() -> None:
    assert positions([0.1, 1.0, 10.0], low=0.1, high=10.0, is_log=True) == pytest.approx(
        [0, 0.5, 1]
    )


def test_a_ledger_without_a_version_has_the_first_one(tmp_path: Path) -> None:
    assert Ledger(tmp_path / "new").positions == NEWEST
    old = Ledger(tmp_path / "old")
    old.start({"design_hash": "a", "data_hash": "b"})
    assert Ledger(tmp_path / "old").positions == HALF_ENDS
    new = Ledger(tmp_path / "begun")
    new.start({"design_hash": "a", "data_hash": "b", "positions": new.positions})
    assert Ledger(tmp_path / "begun").positions == NEWEST
