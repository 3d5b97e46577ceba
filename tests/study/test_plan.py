"""The plan: identities, the answer table, faults of designs, and what stays as it was."""

import copy
import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml

from ablate import config
from ablate.errors import ConfigError
from ablate.identity import digest
from ablate.study.plan import Plan, make, specs
from ablate.study.recipes import dimension_values

STUDY: dict[str, Any] = {
    "defaults": [{"/search_spaces@space": ["variants", "scales"]}, "_self_"],
    "title": "A study with an answer",
    "questions": {"q": {"asks": "Does it?", "compare": "ratio", "primary": ["qabf", "vif"]}},
    "factors": {
        "ratio": {"values": [0.25, 0.5, 0.7071]},
        "levels": {"values": [2, 3, 5], "tied_to": "ratio"},
    },
    "phases": {"answer": {"design": "blocked", "options": {"points": 2, "blocks": 6}}},
    "base": {"data": {"name": "synthetic", "crop": 128}, "train": {"steps": 10}},
}


def plan(folder: Path, *words: str, **sections: Any) -> Plan:
    file = folder / "studies" / "mine.yaml"
    file.parent.mkdir(exist_ok=True)
    study = {**copy.deepcopy(STUDY), **sections}
    file.write_text(yaml.safe_dump(study, sort_keys=False))
    return make(config.load(file, words))


def test_the_answer_table_has_a_row_per_value_point_and_block(tmp_path: Path) -> None:
    made = plan(tmp_path)
    rows = made.rows()
    assert len(rows) == made.runs == 3 * 2 * 6
    assert {
        "block",
        "point",
        "seed",
        "split_seed",
        "arm_id",
        "recipe_id",
        "run_id",
        "factor.ratio",
        "nuisance.learning_rate",
        "nuisance.gradient_weight",
    } <= set(rows[0])
    assert len({row["run_id"] for row in rows}) == len(rows)
    assert len({row["recipe_id"] for row in rows}) == len(rows)
    assert len({row["arm_id"] for row in rows}) == 3
    for _, group in itertools.groupby(rows, key=lambda row: (row["block"], row["point"])):
        same = list(group)
        for column in ("seed", "split_seed", "nuisance.learning_rate", "nuisance.gradient_weight"):
            assert len({row[column] for row in same}) == 1
        assert len({row["arm_id"] for row in same}) == 3


def test_a_run_gets_the_settings_of_its_row(tmp_path: Path) -> None:
    made = plan(tmp_path)
    for trial in made.trials:
        (spec,) = trial.runs
        assert spec.settings["train"]["learning_rate"] == spec.nuisance["learning_rate"]
        assert spec.settings["loss"]["gradient_weight"] == spec.nuisance["gradient_weight"]
        assert spec.settings["loss"]["ratio"] == spec.factors["ratio"]
        assert set(spec.factors) == {"ratio", "levels"}
        assert (spec.block, spec.point, spec.split_seed) == (
            trial.block,
            trial.point,
            trial.split_seed,
        )
        assert spec.scores_test
        assert f"b{spec.block} · p{spec.point}" in spec.name
        assert type(spec).from_json(spec.to_json()) == spec
    assert [spec.run_id for spec in specs(made)] == [row["run_id"] for row in made.rows()]


def test_the_run_id_is_the_hash_of_recipe_seeds_phase_block_and_point(tmp_path: Path) -> None:
    for trial in plan(tmp_path).trials[:7]:
        (spec,) = trial.runs
        assert spec.run_id == digest(
            [spec.recipe_id, spec.seed, spec.split_seed, "answer", spec.block, spec.point]
        )


def test_an_arm_is_the_same_arm_in_every_phase(tmp_path: Path) -> None:
    phases = {
        "pilot": {"design": "baseline_only", "seeds": 2},
        "compare": {"design": "one_factor", "seeds": 1},
        **STUDY["phases"],
    }
    made = plan(tmp_path, phases=phases)
    arms = {
        phase: {trial.arm_id for trial in made.trials if trial.phase == phase} for phase in phases
    }
    assert arms["pilot"] < arms["compare"] == arms["answer"]
    for trial in made.trials:
        assert (trial.recipe_id == trial.arm_id) == (trial.phase != "answer")
    seeds = {run.seed for trial in made.trials if trial.phase != "answer" for run in trial.runs}
    assert not seeds & {trial.runs[0].seed for trial in made.trials if trial.phase == "answer"}


def test_run_ids_of_designs_without_blocks_are_as_they_were() -> None:
    """A store written before there were blocks goes on with the same runs."""
    for trial in make(config.load("q4_variant")).trials:
        for index, run in enumerate(trial.runs):
            assert run.run_id == digest([trial.arm_id, index, "compare", None, None])
            assert "block" not in run.name


def test_more_blocks_keep_the_runs_that_there_are(tmp_path: Path) -> None:
    small = {row["run_id"] for row in plan(tmp_path).rows()}
    words = ["phases.answer.options.points=4", "phases.answer.options.blocks=9"]
    large = plan(tmp_path, *words)
    assert small < {row["run_id"] for row in large.rows()}
    assert large.design_hash != plan(tmp_path).design_hash


def test_the_design_hash_follows_all_that_is_registered(tmp_path: Path) -> None:
    first = plan(tmp_path).design_hash
    assert plan(tmp_path, "executor.slots=4").design_hash == first
    changes = [
        "seed=1",
        "phases.answer.claims=false",
        "phases.answer.options.blocks=7",
        "nuisance.learning_rate.high=0.02",
        "factors.ratio.ordered=true",
        "train.steps=11",
        "questions.q.primary=[qabf]",
    ]
    hashes = [plan(tmp_path, word).design_hash for word in changes]
    assert len({first, *hashes}) == len(changes) + 1


def test_arms_of_a_question_are_those_of_its_values_with_the_rest_at_the_baseline(
    tmp_path: Path,
) -> None:
    made = plan(tmp_path)
    arms = made.arms_of(made.config.questions["q"])
    assert list(arms) == [0.25, 0.5, 0.7071]
    for trial in made.trials:
        assert trial.arm_id == arms[trial.factors["ratio"]]


def test_a_question_finds_its_arms_where_a_value_is_inert() -> None:
    made = make(config.load("q3_scale_weights"))
    arms = made.arms_of(made.config.questions["scale_weights"])
    assert len(set(arms.values())) == 6
    assert arms[1.0] in {trial.arm_id for trial in made.trials if trial.phase == "pilot"}


def test_both_forms_of_q1_share_the_baseline_and_the_blocks() -> None:
    made = make(config.load("q1_scale_ratio"))
    first, second = (made.arms_of(question) for question in made.config.questions.values())
    assert set(first.values()) & set(second.values()) == {first[0.5]}
    answer = [trial for trial in made.trials if trial.phase == "answer"]
    assert {trial.arm_id for trial in answer} == {*first.values(), *second.values()}
    forms = {(trial.factors["levels"], trial.factors["ratio"]) for trial in answer}
    assert {form for form in forms if form[0] == 3} == {
        (3, ratio) for ratio in (0.25, 0.35, 0.5, 0.71, 0.84)
    }
    for levels, ratio in {(2, 0.25), (3, 0.5), (4, 0.63), (5, 0.7071)}:
        assert (levels, ratio) in forms
        assert ratio ** (levels - 1) == pytest.approx(0.25, abs=1e-3)  # two to four digits
        assert ratio == pytest.approx(0.25 ** (1 / (levels - 1)), abs=1e-3)


def test_two_factors_of_one_dimension_cannot_both_leave_their_baseline() -> None:
    study = config.load("q1_scale_ratio")
    values = {"ratio": 0.25, "coarsest_ratio": 0.5, "levels": 3}
    assert dimension_values(study, values) == {"ratio": 0.25, "levels": 3}
    values = {"ratio": 0.5, "coarsest_ratio": 0.63, "levels": 4}
    assert dimension_values(study, values) == {"ratio": 0.63, "levels": 4}
    with pytest.raises(ConfigError, match="'ratio' and 'coarsest_ratio' both set 'ratio'"):
        make(config.load("q1_scale_ratio", ["phases.answer.options.arms=full_factorial"]))


def test_an_exploration_scores_no_test_images_and_carries_its_control(tmp_path: Path) -> None:
    made = plan(tmp_path, phases={"explore": {"design": "sobol", "trials": 12}})
    assert len(made.trials) == 12
    assert [trial.point for trial in made.trials] == list(range(1, 13))
    assert len({row["dummy"] for row in made.rows()}) == 12
    for trial in made.trials:
        assert not trial.runs[0].scores_test
        assert trial.dummy == trial.runs[0].dummy
        assert "dummy" not in str(trial.runs[0].settings)


def test_points_of_an_exploration_that_break_a_constraint_are_left_out_and_counted(
    tmp_path: Path,
) -> None:
    factors = {"ratio": {"values": [0.25, 0.5]}, "levels": {"values": [2, 5], "baseline": 2}}
    made = plan(tmp_path, factors=factors, phases={"explore": {"design": "sobol", "trials": 32}})
    assert made.infeasible > 0
    assert made.infeasible + len(made.trials) == 32
    assert [trial.number for trial in made.trials] == list(range(len(made.trials)))
    with pytest.raises(ConfigError, match="smallest_side"):
        plan(tmp_path, factors=factors, phases={"answer": {"design": "full_factorial"}})


def test_an_exploration_without_a_point_that_can_run_is_a_fault_of_the_plan(
    tmp_path: Path,
) -> None:
    narrow = {"require": "loss.ratio > 2", "because": "nothing is that large"}
    with pytest.raises(ConfigError) as caught:
        plan(
            tmp_path,
            space={"constraints": {"large": narrow}},
            phases={"explore": {"design": "sobol", "trials": 8}},
        )
    (fault,) = caught.value.faults
    assert "phases.explore: all 8 points break a constraint, 8 of them large: loss.ratio" in fault
    assert "change the factors or the constraint" in fault


def test_faults_of_several_phases_are_told_together(tmp_path: Path) -> None:
    phases = {
        "part": {"design": "fractional_factorial", "options": {"generators": ["a = b * c"]}},
        "answer": {"design": "blocked", "options": {"points": 2, "blocks": 4}},
        "path": {"design": "path", "options": {"best": {"ratio": 0.5}}},
    }
    with pytest.raises(ConfigError) as caught:
        plan(tmp_path, phases=phases)
    text = str(caught.value)
    assert "phases.part: factors.ratio.values: a fraction takes two values, not 3" in text
    assert "phases.path.options.best: changes nothing from the baseline" in text
    assert "phases.answer.options.blocks: 4 blocks can never claim" in text
    assert all("mine.yaml: " in fault for fault in caught.value.faults)


def test_values_that_are_one_arm_cannot_be_compared_in_blocks(tmp_path: Path) -> None:
    words = ["loss.components=magnitude_l1"]
    sign = {"type": "categorical", "path": "loss.sign", "choices": ["kept", "free"]}
    with pytest.raises(ConfigError, match="two of the values are one arm"):
        plan(
            tmp_path,
            *words,
            defaults=["_self_"],
            space={"dimensions": {"sign": sign}},
            factors={"sign": {}},
            questions={"q": {"asks": "?", "compare": "sign", "primary": ["qabf"]}},
        )


def test_options_that_a_plug_in_does_not_take_are_a_fault_and_no_traceback(tmp_path: Path) -> None:
    study = plan(tmp_path).config
    phase = study.phases["answer"]
    broken = type(phase)(name="answer", design="blocked", options={"points": 2})
    with pytest.raises(ConfigError, match=r"phases\.answer\.options: missing a required"):
        make(type(study)(**{**fields(study), "phases": {"answer": broken}}))


def fields(study: Any) -> dict[str, Any]:
    return {name: getattr(study, name) for name in study.__dataclass_fields__}


def test_studies_draw_seeds_and_points_of_their_own_for_every_data_set() -> None:
    words = ["data=msrs"], ["data=roadscene"], ["data=msrs", "seed=1"]
    first, other, seeded = (make(config.load("q4_variant_answer", list(some))) for some in words)
    again = make(config.load("q4_variant_answer", ["data=msrs"]))
    look = make(
        config.load(
            "q4_variant_answer@2",
            ["data=msrs", "phases.answer.looks=2", "phases.answer.spending=even"],
        )
    )
    study = make(config.load("q2_levels", ["data=msrs"]))

    def drawn(plan: Plan) -> set[int | None]:
        return {trial.runs[0].seed for trial in plan.trials if trial.phase == "answer"}

    assert drawn(first) == drawn(again) == drawn(look)  # a second look goes on with the first one
    for stranger in (other, seeded, study):
        assert not drawn(first) & drawn(stranger)
    before = (
        make(config.load("q4_variant_answer", [word], defaults=2))
        for word in ("data=msrs", "data=tno")
    )
    assert len({frozenset(drawn(plan)) for plan in before}) == 1  # studies that have begun
