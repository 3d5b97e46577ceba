"""Every packaged study, search space and group file composes and passes its check."""

from pathlib import Path

import pytest
import yaml

import ablate.conf
from ablate import config
from ablate.config.locations import packaged_root
from ablate.config.overrides import GROUPS
from ablate.study.names import known
from ablate.study.plan import make

CONF = Path(str(ablate.conf.__file__)).parent
STUDIES = sorted(file.stem for file in (packaged_root() / "studies").glob("*.yaml"))
SPACES = sorted(file.stem for file in (packaged_root() / "search_spaces").glob("*.yaml"))
PRESETS = sorted(
    f"{group}={file.stem}" for group in GROUPS for file in (CONF / group).glob("*.yaml")
)


@pytest.mark.parametrize("name", STUDIES)
def test_a_packaged_study_passes_its_check(name: str, tmp_path: Path) -> None:
    study = config.load(name, folder=tmp_path)
    assert study.questions
    assert study.title != study.name
    for question in study.questions.values():
        assert study.factors[question.compare].baseline in study.factors[question.compare].values


@pytest.mark.parametrize("name", STUDIES)
def test_a_packaged_study_is_planned_and_its_questions_find_their_arms(
    name: str, tmp_path: Path
) -> None:
    plan = make(config.load(name, folder=tmp_path, known=known()))
    assert plan.runs > 0
    assert plan.duplicates == plan.infeasible == 0
    for question in plan.config.questions.values():
        arms = plan.arms_of(question)
        assert len(set(arms.values())) == len(plan.config.factors[question.compare].values)
        for phase in plan.config.phases.values():
            if phase.claims or phase.design == "one_factor":
                there = {trial.arm_id for trial in plan.trials if trial.phase == phase.name}
                assert set(arms.values()) <= there


@pytest.mark.parametrize("name", sorted({"q1_scale_ratio", "q2_levels", "q3_scale_weights",
                                         "q4_variant_answer"}))  # fmt: skip
def test_a_research_question_and_its_probe_ask_the_same_of_the_same_values(name: str) -> None:
    study, probe = config.load(name), config.load(f"probe_{name}")
    assert study.questions == probe.questions
    assert study.factors == probe.factors
    assert list(study.phases.values()) == list(probe.phases.values())
    assert probe.base["model"]["name"] == "probe"
    assert study.phases["answer"].claims
    assert {"learning_rate", "gradient_weight"} <= set(study.nuisance)


@pytest.mark.parametrize("name", SPACES)
def test_a_packaged_space_passes_its_check(name: str, tmp_path: Path) -> None:
    space = config.load_space(name, tmp_path)
    assert space.title
    assert all(dimension.label for dimension in space.dimensions.values())


@pytest.mark.parametrize("word", PRESETS)
def test_every_group_file_can_be_chosen(word: str, tmp_path: Path) -> None:
    words = [word]
    if word == "data=folders":
        words += ["data.infrared=ir", "data.visible=vi"]
    config.load("q4_variant", words, tmp_path)


def test_the_packaged_names_are_the_expected_ones() -> None:
    expected = {
        "q1_scale_ratio",
        "q2_levels",
        "q3_scale_weights",
        "q4_variant",
        "q4_variant_answer",
    }
    assert {"quickstart", *expected, *(f"probe_{name}" for name in expected)} <= set(STUDIES)
    assert {"variants", "scales"} <= set(SPACES)


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
