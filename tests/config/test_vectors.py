"""List-valued dimensions and lists of objectives: what is read, and every fault told."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ablate import config
from ablate.config.apply import size_of
from ablate.config.schema import VectorDimension
from ablate.errors import ConfigError

SHARES = {"type": "simplex", "path": "loss.weights", "size": "loss.levels", "when": "levels > 1"}
SCALES = {
    "type": "decreasing",
    "path": "loss.scales",
    "size": "levels",
    "low": 0.3,
    "high": 0.8,
}
LEVELS = {"type": "int", "path": "loss.levels", "low": 1, "high": 4}


def load(
    tmp_path: Path, *, dimensions: dict[str, Any] | None = None, **study: Any
) -> config.StudyConfig:
    file = tmp_path / "mine.yaml"
    whole = {
        "title": "Lists",
        "space": {"dimensions": dimensions or {}},
        "phases": {"hunt": {"design": "search", "trials": 4}},
        "base": {"data": {"name": "synthetic"}},
        **study,
    }
    file.write_text(yaml.safe_dump(whole))
    return config.load(file, ())


def test_lists_are_read_with_the_largest_size_that_they_can_have(tmp_path: Path) -> None:
    found = load(tmp_path, dimensions={"shares": SHARES, "scales": SCALES, "levels": LEVELS})
    shares, scales = found.dimensions["shares"], found.dimensions["scales"]
    assert isinstance(shares, VectorDimension)
    assert isinstance(scales, VectorDimension)
    assert (shares.largest, shares.size, shares.baseline) == (4, "loss.levels", "equal")
    assert (scales.largest, scales.first, scales.low, scales.high) == (4, 1.0, 0.3, 0.8)
    for levels in (1, 4):
        values = {"levels": levels}
        for dimension in (shares, scales):
            assert size_of(dimension, found.dimensions, values, found.base) == levels
    assert size_of(shares, found.dimensions, {}, found.base) == 3  # as the base has it


def test_a_size_may_be_a_number_or_a_setting_that_nothing_varies(tmp_path: Path) -> None:
    sizes = {}
    for size in (3, "loss.levels"):
        found = load(
            tmp_path, dimensions={"shares": {**SHARES, "size": size, "when": "loss.levels > 1"}}
        )
        dimension = found.dimensions["shares"]
        assert isinstance(dimension, VectorDimension)
        sizes[size] = dimension.largest
    assert sizes == {3: 3, "loss.levels": 3}


def test_a_bundle_that_sets_the_levels_says_the_size(tmp_path: Path) -> None:
    shapes = {
        "type": "bundle",
        "choices": {"flat": {"loss.levels": 2}, "deep": {"loss.levels": 5}},
        "baseline": "flat",
    }
    shares = {**SHARES, "when": "loss.levels > 1"}
    found = load(tmp_path, dimensions={"shares": shares, "shapes": shapes})
    dimension = found.dimensions["shares"]
    assert isinstance(dimension, VectorDimension)
    assert dimension.largest == 5
    assert size_of(dimension, found.dimensions, {"shapes": "deep"}, found.base) == 5


def test_a_baseline_may_be_a_list(tmp_path: Path) -> None:
    lists = {
        "shares": {**SHARES, "baseline": [0.5, 0.25, 0.25]},
        "scales": {**SCALES, "baseline": [1, 0.5, 0.2]},
    }
    found = load(tmp_path, dimensions={**lists, "levels": LEVELS})
    assert found.dimensions["shares"].baseline == [0.5, 0.25, 0.25]


FAULTS = {
    "no size": ({"size": None}, "shares.size: must be a whole number from 1 or what says it"),
    "zero": ({"size": 0}, "shares.size: must be a whole number from 1 or what says it"),
    "negative": (
        {"size": -2},
        "shares.size: must be a whole number from 1 or what says it, such as loss.levels, got -2",
    ),
    "flag": ({"size": True}, "shares.size: must be a whole number from 1 or what says it"),
    "unknown size": (
        {"size": "levls"},
        "shares.size: 'levls' is neither a dimension nor a setting; did you mean 'levels'?",
    ),
    "no count": ({"size": "loss.ratio"}, "shares.size: 'loss.ratio' is not a count from 1"),
    "other size": (
        {"size": 3},
        "shares.size: loss.weights takes one number per level; write size: loss.levels",
    ),
    "path": (
        {"path": "loss.wights"},
        "shares.path: loss.wights: no such setting of loss; did you mean 'weights'?",
    ),
    "no list": ({"path": "loss.ratio"}, "shares.path: loss.ratio takes no list of numbers"),
    "key": ({"high": 1}, "shares.high: no such setting of a simplex dimension"),
    "sum": ({"baseline": [0.5, 0.2, 0.2]}, "shares.baseline: must be numbers from 0 that sum to 1"),
    "negative weight": ({"baseline": [1.5, -0.5]}, "shares.baseline: must be numbers from 0 that"),
    "text": ({"baseline": "equl"}, "shares.baseline: no such name as 'equl'; did you mean 'equal'"),
    "words": ({"baseline": ["a"]}, "shares.baseline: must be a list of numbers, got ['a']"),
    "when": ({"when": "levls > 1"}, "shares.when: 'levls' is neither a dimension nor a setting"),
}
OF_SCALES = {
    "low": ({"low": 0}, "scales.low: must be a ratio above 0 and below 1, got 0"),
    "high": ({"high": 1.0}, "scales.high: must be a ratio above 0 and below 1, got 1.0"),
    "turned": ({"low": 0.9}, "scales.low: must be below high, got 0.9 and 0.8"),
    "no high": ({"high": None}, "scales.high: must be a ratio above 0 and below 1, got None"),
    "first": ({"first": 1.5}, "scales.first: must be a number above 0 and at most 1, got 1.5"),
    "start": ({"baseline": [0.9, 0.4]}, "scales.baseline: must start with 1, got [0.9, 0.4]"),
    "rising": ({"baseline": [1, 1.2]}, "scales.baseline: must fall by a ratio from 0.3 to 0.8"),
    "steep": ({"baseline": [1, 0.1]}, "scales.baseline: must fall by a ratio from 0.3 to 0.8"),
    "zero": ({"baseline": [1, 0.0]}, "scales.baseline: must be numbers above 0, got [1, 0.0]"),
}


@pytest.mark.parametrize(
    ("name", "change", "line"),
    [("shares", *case) for case in FAULTS.values()] + [("scales", *c) for c in OF_SCALES.values()],
)
def test_a_fault_is_told_in_one_line(
    tmp_path: Path, name: str, change: dict[str, Any], line: str
) -> None:
    dimensions: dict[str, dict[str, Any]] = {
        "shares": dict(SHARES),
        "scales": dict(SCALES),
        "levels": dict(LEVELS),
    }
    dimensions[name] |= change
    with pytest.raises(ConfigError) as error:
        load(tmp_path, dimensions=dimensions)
    assert any(f"space.dimensions.{line}" in fault for fault in error.value.faults), str(
        error.value
    )


def test_missing_settings_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, dimensions={"scales": {"type": "decreasing", "path": "loss.scales"}})
    places = [fault.split("scales.", 1)[1].split(":")[0] for fault in error.value.faults]
    assert places == ["size", "low", "high"]


def test_a_list_is_no_factor_and_no_nuisance(tmp_path: Path) -> None:
    dimensions = {"shares": SHARES, "levels": LEVELS}
    with pytest.raises(ConfigError, match=r"factors.shares: 'shares' has lists for values"):
        load(tmp_path, dimensions=dimensions, factors={"shares": {"values": [[1.0], [0.5, 0.5]]}})
    with pytest.raises(ConfigError, match=r"nuisance.shares.type: simplex: is tuned by designs"):
        load(tmp_path, nuisance={"shares": {**SHARES, "when": "loss.levels > 1"}})


def test_several_objectives_are_a_list_whose_first_picks_winners(tmp_path: Path) -> None:
    found = load(tmp_path, dimensions={"levels": LEVELS}, objective=["val/qabf", "val/VIF"])
    assert found.objective == "val/qabf"
    assert found.objectives == ("val/qabf", "val/vif")
    assert load(tmp_path, dimensions={"levels": LEVELS}).objectives == ("val/qabf",)


@pytest.mark.parametrize(
    ("objective", "line"),
    [
        ([], "objective: must be a text such as val/qabf, or a list of such, got []"),
        (["val/qabf", "val/qabf"], "objective: names one twice; remove the second"),
        (["val/qabf", "test/vif"], "objective: 'test/vif' would tune on test images"),
        (["val/qabf", 3], "objective: must be"),
    ],
)
def test_a_wrong_list_of_objectives_is_told(
    tmp_path: Path, objective: list[Any], line: str
) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, dimensions={"levels": LEVELS}, objective=objective)
    assert line in str(error.value)
