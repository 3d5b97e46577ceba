"""Phases: presets, options and claims of the designs, and factors that share a dimension."""

import copy
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ablate import config
from ablate.config.phases import PHASES
from ablate.config.schema import StudyConfig
from ablate.designs.contract import DESIGNS
from ablate.errors import ConfigError
from ablate.study.names import known
from tests.config.test_mutations import GOOD, write


def load(folder: Path, phase: dict[str, Any], **sections: Any) -> StudyConfig:
    study = {**unbased(), "phases": {"answer": phase}, **sections}
    return config.load(write(folder, study))


def unbased() -> dict[str, Any]:
    """Return a good study whose smallest effect needs no pilot."""
    study: dict[str, Any] = copy.deepcopy(GOOD)
    study["questions"]["q"]["smallest_effect"] = {"qabf": 0.002}
    return study


@pytest.mark.parametrize(
    ("preset", "points", "blocks", "redraws", "claims"),
    [
        ("smoke", 2, 3, 1, False),
        ("quick", 4, 8, 2, True),
        ("full", 4, 16, 4, True),
        ("deep", 8, 16, 4, True),
    ],
)
def test_a_preset_is_points_and_blocks_and_smoke_never_claims(
    preset: str, points: int, blocks: int, redraws: int, claims: bool, tmp_path: Path
) -> None:
    phase = load(tmp_path, {"design": "blocked", "preset": preset}).phases["answer"]
    assert phase.options == {"points": points, "blocks": blocks, "redraws": redraws}
    assert phase.claims is claims


def test_options_win_over_the_preset_and_quick_is_the_default(tmp_path: Path) -> None:
    phase = load(tmp_path, {"design": "blocked", "options": {"blocks": 10}}).phases["answer"]
    assert phase.options == {"points": 4, "blocks": 10, "redraws": 3}
    assert phase.preset == "quick"
    own = {"design": "blocked", "options": {"points": 2, "blocks": 6}, "claims": False}
    phase = load(tmp_path, own).phases["answer"]
    assert (phase.preset, phase.claims) == (None, False)


def test_a_further_budget_is_a_phase_behind_the_answer_that_never_claims(tmp_path: Path) -> None:
    phases = load(tmp_path, {"design": "blocked", "budgets": [1, 2, 0.5]}).phases
    assert list(phases) == ["answer", "answer_2x", "answer_0.5x"]
    answer, twice, half = phases.values()
    assert (answer.budget, twice.budget, half.budget) == (1.0, 2.0, 0.5)
    assert (answer.claims, twice.claims, half.claims) == (True, False, False)
    assert twice.options == answer.options
    assert (
        load(tmp_path, {"design": "blocked", "budgets": [1]}).phases
        == load(tmp_path, {"design": "blocked"}).phases
    )
    taken = {
        "answer": {"design": "blocked", "budgets": [1, 2]},
        "answer_2x": {"design": "sobol", "trials": 2},
    }
    with pytest.raises(
        ConfigError, match=r"answer_2x: is the name of what phases\.answer\.budgets"
    ):
        config.load(write(tmp_path, {**unbased(), "phases": taken}))


def test_only_blocks_claim(tmp_path: Path) -> None:
    assert not load(tmp_path, {"design": "one_factor", "seeds": 20}).phases["answer"].claims


@pytest.mark.parametrize(
    ("phase", "text"),
    [
        ({"design": "blocked", "preset": "quik"}, "did you mean 'quick'?"),
        ({"design": "one_factor", "preset": "quick"}, "only blocked has presets; remove it"),
        ({"design": "blocked", "options": {"point": 4}}, "did you mean 'points'?"),
        ({"design": "blocked", "options": {"points": 3}}, "power of two, got 3; use 2 or 4"),
        ({"design": "blocked", "options": {"points": 0}}, "whole number of at least 1, got 0"),
        ({"design": "blocked", "options": {"blocks": "8"}}, "must be a whole number"),
        (
            {"design": "blocked", "options": {"arms": "all"}},
            "one of one_factor, leave_one_out, full_factorial",
        ),
        ({"design": "blocked", "seeds": 3}, "a block has one seed; raise options.blocks"),
        ({"design": "blocked", "trials": 3}, "only a search has it"),
        ({"design": "blocked", "preset": "smoke", "claims": True}, "use quick, full, deep, or"),
        ({"design": "blocked", "claims": "yes"}, "must be true or false"),
        ({"design": "blocked", "budgets": [2, 1]}, "so 1, got [2, 1]; change train.steps instead"),
        ({"design": "blocked", "budgets": 2}, "multiples of train.steps such as [1, 2]"),
        ({"design": "blocked", "budgets": []}, "multiples of train.steps such as [1, 2]"),
        ({"design": "blocked", "budgets": [1, 0]}, "above 0 and at most 1000"),
        ({"design": "blocked", "budgets": [1, float("inf")]}, "above 0 and at most 1000"),
        ({"design": "blocked", "budgets": [1, True]}, "above 0 and at most 1000"),
        ({"design": "blocked", "budgets": [1, 2, 2.0]}, "each once"),
        ({"design": "one_factor", "budgets": [1, 2]}, "only blocks are trained at several"),
        ({"design": "at_budget"}, "no design is called 'at_budget'"),
        ({"design": "one_factor", "claims": True}, "is not a design that claims; use blocked"),
        ({"design": "one_factor", "options": {"best": {}}}, "this design has none, remove it"),
        ({"design": "sobol"}, "sobol needs a number of trials"),
        ({"design": "sobol", "trials": 0}, "at least 1, got 0"),
        ({"design": "path"}, "options.best: is missing; a path needs the values"),
        ({"design": "path", "options": {"best": {"rato": 0.25}}}, "did you mean 'ratio'?"),
        (
            {"design": "path", "options": {"best": {"ratio": 0.3}}},
            "not one of the values 0.25, 0.5",
        ),
        ({"design": "path", "options": {"best": {"levels": 2}}}, "follows 'ratio'; name that one"),
        (
            {"design": "path", "options": {"best": {"ratio": 0.25}, "order": ["ratio", "ratio"]}},
            "a list of factors, each once, got ['ratio', 'ratio']",
        ),
        ({"design": "add_one_in", "options": {"best": ["ratio"]}}, "must be a mapping"),
        ({"design": "fractional_factorial"}, "generators: is missing"),
        (
            {"design": "fractional_factorial", "options": {"generators": "d = a"}},
            "must be a list such as [d = a * b * c]",
        ),
    ],
)
def test_a_wrong_phase_is_refused_in_one_line(
    phase: dict[str, Any], text: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, phase)
    assert text in str(caught.value)
    assert len(caught.value.faults) == 1, caught.value.faults


def test_faults_of_several_phases_come_together(tmp_path: Path) -> None:
    phases = {
        "answer": {"design": "blocked", "options": {"points": 3, "block": 8}},
        "explore": {"design": "sobol"},
    }
    with pytest.raises(ConfigError) as caught:
        config.load(write(tmp_path, {**unbased(), "phases": phases}))
    assert len(caught.value.faults) == 3


def test_the_options_in_the_checks_are_those_of_the_designs() -> None:
    names = known()
    assert set(PHASES) == {*DESIGNS.names(), "search"}
    for name in DESIGNS.names():
        options = PHASES[name].model_fields["options"].annotation
        assert isinstance(options, type)
        assert issubclass(options, BaseModel)
        written_out = {"over", "keep"}  # what names factors, before a design sees them
        assert set(options.model_fields) - written_out == set(names[f"designs.{name}"]), name


def test_options_of_a_plug_in_design_are_known_by_name(tmp_path: Path) -> None:
    names = {"designs": ("mine",), "designs.mine": ("depth",)}
    study = {**copy.deepcopy(GOOD), "phases": {"p": {"design": "mine", "options": {"depth": 2}}}}
    assert config.load(write(tmp_path, study), known=names).phases["p"].options == {"depth": 2}
    study["phases"]["p"]["options"] = {"dept": 2}
    with pytest.raises(ConfigError, match="no such option of mine; did you mean 'depth'"):
        config.load(write(tmp_path, study), known=names)


def test_two_factors_may_compare_values_of_one_dimension(tmp_path: Path) -> None:
    factors: dict[str, dict[str, Any]] = {
        "ratio": {"values": [0.25, 0.5]},
        "coarsest": {"dimension": "ratio", "values": [0.25, 0.5, 0.63]},
        "levels": {"values": [2, 3, 4], "tied_to": "coarsest"},
    }
    study = load(tmp_path, {"design": "one_factor"}, factors=factors)
    assert study.factors["coarsest"].dimension == "ratio"
    assert study.factors["ratio"].dimension == "ratio"
    factors["coarsest"]["baseline"] = 0.63
    with pytest.raises(ConfigError, match=r"must be 0\.5 like that of 'ratio': both set 'ratio'"):
        load(tmp_path, {"design": "one_factor"}, factors=factors)
    factors["coarsest"] = {"dimension": "rato", "values": [0.25, 0.5, 0.63]}
    with pytest.raises(ConfigError, match=r"coarsest\.dimension: no dimension is called 'rato'"):
        load(tmp_path, {"design": "one_factor"}, factors=factors)


def test_a_percentage_without_a_pilot_is_a_fault_that_says_how_to_get_one() -> None:
    with pytest.raises(ConfigError) as caught:
        config.load("q4_variant_answer", ["~phases.pilot"], defaults=2)
    assert any("refers to the mean of a pilot" in fault for fault in caught.value.faults)


def test_a_percentage_of_the_tuned_baseline_needs_no_pilot() -> None:
    assert "pilot" not in config.load("q4_variant_answer", ["~phases.pilot"]).phases


def test_a_second_blocked_phase_would_be_trained_and_never_answered(tmp_path: Path) -> None:
    study = {**unbased(), "phases": {name: {"design": "blocked"} for name in ("answer", "again")}}
    with pytest.raises(
        ConfigError, match=r"phases\.again: .* answered by phases\.answer, .* remove"
    ):
        config.load(write(tmp_path, study))
