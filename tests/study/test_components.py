"""Component tables: their arms, their family, what a plan says of each row, and old defaults."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ablate import config
from ablate.config.schema import StudyConfig
from ablate.errors import ConfigError
from ablate.published import Component
from ablate.study.changes import changes
from ablate.study.claims import comparisons
from ablate.study.plan import make
from ablate.study.publish import question_facts

STUDY: dict[str, Any] = {
    "title": "Components",
    "space": {
        "dimensions": {
            "gradient": {"path": "loss.gradient_weight", "type": "categorical"}
            | {"choices": [10, 0], "baseline": 10},
            "ssim": {"path": "loss.ssim_weight", "type": "float", "low": 0, "high": 1}
            | {"baseline": 1.0},
            "term": {
                "type": "bundle",
                "baseline": "split",
                "choices": {
                    "split": {"loss.components": "axis_wise"},
                    "joint": {"loss.components": "magnitude_l1", "loss.levels": 2},
                },
            },
        }
    },
    "questions": {
        "table": {"asks": "?", "compare": ["gradient", "ssim", "term"], "primary": ["qabf", "vif"]}
    },
    "factors": {
        "gradient": {},
        "ssim": {"values": [1.0, 0.0]},
        "term": {"values": ["split", "joint"]},
    },
    "phases": {
        "answer": {
            "design": "blocked",
            "options": {"arms": "leave_one_out", "points": 1, "blocks": 6},
        }
    },
    "base": {"data": {"name": "synthetic"}, "loss": {"levels": 3}, "train": {"steps": 10}},
}
ROWS = ["full", "w/o gradient", "w/o ssim", "w/o term"]


def study(folder: Path, *, defaults: int = 3, **sections: Any) -> StudyConfig:
    file = folder / "studies" / "mine.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump({**STUDY, **sections}, sort_keys=False))
    return config.load(file, defaults=defaults)


def test_every_row_of_a_table_finds_its_arm_in_the_blocks(tmp_path: Path) -> None:
    plan = make(study(tmp_path))
    question = plan.config.questions["table"]
    arms = plan.arms_of(question)
    assert list(arms) == ROWS
    assert arms["full"] == plan.baseline_arm_id
    assert set(arms.values()) == {trial.arm_id for trial in plan.trials}
    assert len(set(arms.values())) == 4
    assert comparisons(plan.config, question) == 3 * 2
    facts = question_facts(plan, question)
    assert (facts.factor, facts.baseline) == ("component", "full")
    assert facts.components[1] == Component(factor="ssim", values=(1.0, 1.0, 0.0, 1.0), off=0.0)


def test_a_plan_says_what_each_row_changes(tmp_path: Path) -> None:
    made = study(tmp_path)
    assert changes(made, made.phases["answer"]) == [
        "row 1: full",
        "row 2: w/o gradient: loss.gradient_weight 10 -> 0",
        "row 3: w/o ssim: loss.ssim_weight 1 -> 0",
        "row 4: w/o term: loss.components axis_wise -> magnitude_l1, loss.levels 3 -> 2",
    ]


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (
            {"design": "leave_one_out", "options": {"best": {"ssim": 0.0}}},
            ["row 1: all", "row 2: without ssim: loss.ssim_weight 0 -> 1"],
        ),
        (
            {"design": "path", "options": {"best": {"ssim": 0.0, "gradient": 0}}},
            [
                "row 1: none",
                "row 2: + gradient 0: loss.gradient_weight 10 -> 0",
                "row 3: + ssim 0.0: loss.ssim_weight 1 -> 0",
            ],
        ),
        ({"design": "one_factor"}, []),
    ],
)
def test_rows_are_compared_with_the_first_and_those_of_a_path_with_the_one_before(
    options: dict[str, Any], lines: list[str], tmp_path: Path
) -> None:
    made = study(tmp_path, phases={"out": options}, questions={})
    assert changes(made, made.phases["out"]) == lines


def test_a_store_of_before_leaves_out_from_the_other_end(tmp_path: Path) -> None:
    phases = {"out": {"design": "leave_one_out"}}
    now = make(study(tmp_path, phases=phases, questions={}))
    assert [trial.change for trial in now.trials] == ROWS
    before = make(study(tmp_path, phases=phases, questions={}, defaults=2))
    assert [trial.change for trial in before.trials] == [
        "all",
        "without gradient",
        "without ssim",
    ]
    assert before.duplicates == 1  # without a gradient term its form has no effect
    assert before.trials[0].factors == {"gradient": 0, "ssim": 0.0, "term": "joint"}


def test_a_table_needs_blocks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"questions\.table\.compare: a component table needs"):
        study(tmp_path, phases={"out": {"design": "leave_one_out"}})


def test_blocks_with_each_component_on_and_off_answer_nothing_about_a_third_value(
    tmp_path: Path,
) -> None:
    factors = {**STUDY["factors"], "ssim": {"values": [1.0, 0.5, 0.0], "without": 0.0}}
    with pytest.raises(ConfigError, match=r"trains ssim at 1\.0 and 0\.0 alone"):
        study(tmp_path, factors=factors)
    phases = {"answer": {"design": "blocked", "options": {"points": 1, "blocks": 6}}}
    plan = make(study(tmp_path, factors=factors, phases=phases))
    assert list(plan.arms_of(plan.config.questions["table"]))[2:4] == ["ssim 0.5", "w/o ssim"]


def test_an_off_value_is_one_of_the_values(tmp_path: Path) -> None:
    factors = {**STUDY["factors"], "ssim": {"values": [1.0, 0.5], "without": 0.1}}
    with pytest.raises(ConfigError, match=r"factors\.ssim\.without: 0.1 is not one of the values"):
        study(tmp_path, factors=factors)
