"""Nuisance dimensions: what is there by itself, what a file changes, what is refused."""

import copy
from pathlib import Path
from typing import Any

import pytest

from ablate import config
from ablate.config.schema import StudyConfig
from ablate.errors import ConfigError
from tests.config.test_mutations import GOOD, write


def load(folder: Path, *words: str, **sections: Any) -> StudyConfig:
    return config.load(write(folder, {**copy.deepcopy(GOOD), **sections}), words)


def test_rate_and_gradient_weight_are_nuisance_one_decade_either_side(tmp_path: Path) -> None:
    study = load(tmp_path)
    found = {n: (d.path, d.low, d.high, d.log, d.baseline) for n, d in study.nuisance.items()}
    assert found == {
        "learning_rate": ("train.learning_rate", 0.001, 0.1, True, 0.01),
        "gradient_weight": ("loss.gradient_weight", 1.0, 100.0, True, 10.0),
    }
    assert study.held == ()
    assert list(study.varied) == [*study.dimensions, "learning_rate", "gradient_weight"]


def test_the_range_follows_the_base_value(tmp_path: Path) -> None:
    study = load(tmp_path, "train.learning_rate=0.02")
    assert (study.nuisance["learning_rate"].low, study.nuisance["learning_rate"].high) == (
        0.002,
        0.2,
    )


def test_a_range_that_the_space_gives_is_kept(tmp_path: Path) -> None:
    rate = {
        "type": "float",
        "path": "train.learning_rate",
        "low": 1e-3,
        "high": 1e-1,
        "baseline": 1e-2,
    }
    space = {"dimensions": {"learning_rate": rate}}
    study = load(tmp_path, space=space)
    assert study.nuisance["learning_rate"] == study.dimensions["learning_rate"]
    assert study.varied["learning_rate"].high == 0.1
    own = {"learning_rate": {"low": 5e-4, "high": 2e-2}}
    assert load(tmp_path, space=space, nuisance=own).nuisance["learning_rate"].high == 2e-2


def test_a_file_or_an_override_changes_a_range_and_adds_a_dimension(tmp_path: Path) -> None:
    entries = {
        "learning_rate": {"low": 5e-3, "high": 5e-2},
        "ssim": {"path": "loss.ssim_weight", "low": 0.0, "high": 1.0},
    }
    study = load(tmp_path, "nuisance.gradient_weight.high=50", nuisance=entries)
    assert (study.nuisance["learning_rate"].low, study.nuisance["learning_rate"].log) == (
        5e-3,
        True,
    )
    assert study.nuisance["gradient_weight"].high == 50
    assert study.nuisance["ssim"].baseline == 0


def test_what_a_factor_compares_is_no_nuisance(tmp_path: Path) -> None:
    weight = {
        "type": "float",
        "path": "loss.gradient_weight",
        "low": 1.0,
        "high": 100.0,
        "baseline": 10.0,
    }
    sections = {
        "space": {"dimensions": {"pull": weight}},
        "factors": {"pull": {"values": [5.0, 10.0, 20.0]}},
        "questions": {},
    }
    study = load(tmp_path, **sections)
    assert list(study.nuisance) == ["learning_rate"]
    with pytest.raises(ConfigError, match="sets what the factor 'pull' compares; remove it"):
        load(tmp_path, nuisance={"gradient_weight": {"low": 1.0, "high": 99.0}}, **sections)


def test_a_bundle_of_a_factor_owns_its_settings_too(tmp_path: Path) -> None:
    bundle = {
        "type": "bundle",
        "baseline": "soft",
        "choices": {
            "soft": {"loss.gradient_weight": 10.0, "loss.intensity": "max"},
            "hard": {"loss.gradient_weight": 50.0, "loss.intensity": "mean"},
        },
    }
    study = load(tmp_path, space={"dimensions": {"mix": bundle}}, factors={"mix": {}}, questions={})
    assert list(study.nuisance) == ["learning_rate"]


def test_a_held_nuisance_is_known_as_a_caveat(tmp_path: Path) -> None:
    study = load(tmp_path, nuisance={"gradient_weight": "fixed"})
    assert list(study.nuisance) == ["learning_rate"]
    assert study.held == ("gradient_weight",)


def test_without_a_gradient_term_its_weight_is_not_tuned(tmp_path: Path) -> None:
    study = load(tmp_path, "loss.gradient_weight=0")
    assert list(study.nuisance) == ["learning_rate"]


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ({"learning_rate": {"lwo": 1e-4}}, "nuisance.learning_rate.lwo: no such setting of a"),
        ({"learning_rate": {"lwo": 1e-4}}, "did you mean 'low'?"),
        ({"learning_rate": {"low": 0.0}}, "nuisance.learning_rate.low: must be above 0 on a log"),
        ({"learning_rate": {"low": 0.1}}, "must be below high"),
        ({"learning_rate": {"low": 0.05}}, "taken from base: 0.01 lies outside 0.05 to 0.1"),
        ({"learning_rate": "tuned"}, "must be a mapping such as {low: 1e-4, high: 1e-2} or fixed"),
        ({"steps": {"path": "train.stesp", "type": "int", "low": 1, "high": 9}}, "'steps'?"),
        ({"x": "fixed"}, "only learning_rate and gradient_weight are nuisance by themselves"),
        ({"dummy": {"path": "loss.ssim_weight", "low": 0.0, "high": 1.0}}, "rename the dimension"),
        ({"r": {"path": "loss.ratio", "low": 0.3, "high": 0.6}}, "the factor 'ratio' compares"),
        (
            {"weight_growth": {"path": "loss.ssim_weight", "low": 0.0, "high": 1.0}},
            "has this name and another path",
        ),
        (["learning_rate"], "nuisance: must be a mapping of names"),
    ],
)
def test_a_wrong_nuisance_is_refused_in_one_line(entries: Any, text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, nuisance=entries)
    assert text in str(caught.value)
    assert all("\n" not in fault for fault in caught.value.faults)
    assert len(caught.value.faults) <= 2, caught.value.faults
