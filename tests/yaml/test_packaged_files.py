"""Every packaged study, search space and group file composes and passes its check."""

import math
from pathlib import Path

import pytest
import yaml

import ablate.conf
from ablate import config
from ablate.config.defaults import groups
from ablate.config.locations import packaged_root
from ablate.config.overrides import GROUPS
from ablate.study.changes import changes
from ablate.study.names import known
from ablate.study.plan import make

CONF = Path(str(ablate.conf.__file__)).parent
ANSWERED = (
    "q1_scale_ratio",
    "q1_scale_ratio_area",
    "q2_levels",
    "q3_scale_weights",
    "q4_variant_answer",
    "q4_variant_one_level",
    "q5_lambda",
    "q6_padding_crop",
    "q7_selection",
    "q8_gradient_weight",
)
TABLES = sorted(file.stem for file in (packaged_root() / "studies" / "tables").glob("*.yaml"))
STUDIES = sorted(file.stem for file in (packaged_root() / "studies").glob("*.yaml")) + TABLES
SPACES = sorted(file.stem for file in (packaged_root() / "search_spaces").glob("*.yaml"))
PRESETS = sorted(
    f"{group}={name}"
    for group in GROUPS
    for name in (*groups(group), *(file.stem for file in (CONF / group).glob("*.yaml")))
)


@pytest.mark.parametrize("name", STUDIES)
def test_a_packaged_study_passes_its_check(name: str, tmp_path: Path) -> None:
    study = config.load(name, folder=tmp_path)
    assert study.questions
    assert study.title != study.name
    for question in study.questions.values():
        for name in question.factors:
            assert study.factors[name].baseline in study.factors[name].values


@pytest.mark.parametrize("name", STUDIES)
def test_a_packaged_study_is_planned_and_its_questions_find_their_arms(
    name: str, tmp_path: Path
) -> None:
    plan = make(config.load(name, folder=tmp_path, known=known()))
    assert plan.runs > 0
    assert plan.duplicates == plan.infeasible == 0
    for question in plan.config.questions.values():
        arms = plan.arms_of(question)
        factors = [plan.config.factors[name] for name in question.factors]
        rows = 1 + sum(len(factor.others) for factor in factors)
        cells = math.prod(len(factor.values) for factor in factors)
        assert len(set(arms.values())) == len(arms) == (rows if question.components else cells)
        for phase in plan.config.phases.values():
            is_frozen_later = phase.design == "confirm"
            if (phase.claims and not is_frozen_later) or phase.design == "one_factor":
                there = {trial.arm_id for trial in plan.trials if trial.phase == phase.name}
                assert set(arms.values()) <= there


@pytest.mark.parametrize("name", TABLES)
def test_a_component_table_of_a_paper_says_what_each_row_changes_and_what_it_cannot(
    name: str,
) -> None:
    study = config.load(name)
    file = packaged_root() / "studies" / "tables" / f"{name}.yaml"
    head, _, _ = file.read_text(encoding="utf-8").partition("defaults:")
    assert "# Expressed:" in head
    assert "# Not expressed:" in head
    (question,) = study.questions.values()
    lines = changes(study, study.phases["answer"])
    assert len(lines) == 1 + sum(len(study.factors[one].others) for one in question.components)
    assert all(" -> " in line for line in lines[1:])


@pytest.mark.parametrize("name", ANSWERED)
def test_a_research_question_and_its_probe_ask_the_same_of_the_same_values(name: str) -> None:
    study, probe = config.load(name), config.load(f"probe_{name}")
    assert study.questions == probe.questions
    assert study.factors == probe.factors
    assert list(study.phases.values()) == list(probe.phases.values())
    assert study.base["loss"] == probe.base["loss"]
    assert probe.base["model"]["name"] == "probe"
    assert study.phases["answer"].claims
    compared = set(study.factors)
    assert {"learning_rate", "gradient_weight"} - compared <= set(study.nuisance)
    for question in study.questions.values():
        assert question.primary == ("qabf", "vif")
        assert set(question.primary) <= set(question.smallest_effect)


def test_the_studies_break_the_confounds_that_the_protocol_names() -> None:
    area, q1 = config.load("q1_scale_ratio_area"), config.load("q1_scale_ratio")
    assert area.base["loss"] == {**q1.base["loss"], "resampler": "area"}
    assert area.questions == q1.questions
    assert area.questions["ratio_at_fixed_coarsest"].agrees_with == "ratio"
    weights = config.load("q3_scale_weights")
    assert (weights.base["loss"]["norm"], weights.base["loss"]["weights"]) == ("grad", "geometric")
    assert weights.questions["scale_weights"].trend == "log2"
    single, nested = config.load("q4_variant_one_level"), config.load("q4_variant_answer")
    assert single.base["loss"] == {**nested.base["loss"], "levels": 1}
    split = {"split", "sign", "both", "axes"}
    for study in (single, nested):
        assert set(study.questions["variant"].contrasts) == split
    assert "sequence" in config.load("q2_levels").questions["levels"].contrasts


def test_a_weight_that_is_held_is_another_arm_than_one_that_is_tuned() -> None:
    plan = make(config.load("q5_lambda"))
    answer = [trial for trial in plan.trials if trial.phase == "answer"]
    for trial in answer:
        is_tuned = trial.factors["weighting"] == "tuned"
        assert ("gradient_weight" in trial.nuisance) == is_tuned
        weight = trial.runs[0].settings["loss"]["gradient_weight"]
        assert weight == (trial.nuisance["gradient_weight"] if is_tuned else 10.0)
    pilot = next(trial for trial in plan.trials if trial.phase == "pilot")
    assert (
        pilot.arm_id
        == plan.arms_of(plan.config.questions["variant_by_weighting"])["signed", "fixed"]
    )


def test_the_weights_of_q8_reach_down_to_no_gradient_term() -> None:
    plan = make(config.load("q8_gradient_weight"))
    weights = {t.runs[0].settings["loss"]["gradient_weight"] for t in plan.trials}
    assert weights == {0, 0.1, 1, 10, 100}
    without = next(t for t in plan.trials if t.factors["gradient_weight"] == 0)
    assert "levels" not in without.runs[0].settings["loss"]  # nothing is left of the pyramid


def test_the_paddings_and_crops_of_q6_share_their_points() -> None:
    plan = make(config.load("q6_padding_crop"))
    answer = [trial for trial in plan.trials if trial.phase == "answer"]
    first = [trial for trial in answer if (trial.block, trial.point) == (1, 1)]
    assert {(t.factors["padding"], t.factors["crop"]) for t in first} == {
        ("zeros", 64),
        ("zeros", 128),
        ("replicate", 64),
        ("replicate", 128),
    }
    assert {t.runs[0].settings["data"]["crop"] for t in first} == {64, 128}


@pytest.mark.parametrize("name", SPACES)
def test_a_packaged_space_passes_its_check(name: str, tmp_path: Path) -> None:
    space = config.load_space(name, tmp_path)
    assert space.title
    assert all(dimension.label for dimension in space.dimensions.values())


@pytest.mark.parametrize("word", PRESETS)
def test_every_group_can_be_chosen(word: str, tmp_path: Path) -> None:
    words = [word]
    if word == "data=folders":
        words += ["data.infrared=ir", "data.visible=vi"]
    config.load("q4_variant", words, tmp_path)


def test_the_packaged_names_are_the_expected_ones() -> None:
    expected = {*ANSWERED, "q4_variant"}
    assert {"quickstart", *expected, *(f"probe_{name}" for name in expected)} <= set(STUDIES)
    assert {"variants", "scales", "weighting", "crops"} <= set(SPACES)


def test_no_packaged_file_names_code() -> None:
    files = [
        file
        for root in (CONF, packaged_root() / "studies", packaged_root() / "search_spaces")
        for file in root.rglob("*.yaml")
    ]
    assert len(files) > 10
    for file in files:
        text = yaml.safe_dump(yaml.safe_load(file.read_text()))
        assert "_target_" not in text
        assert "${" not in text
