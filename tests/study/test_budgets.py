"""A further budget in the plan: the same blocks for other steps, and nothing else changed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ablate import config
from ablate.stored import encode
from ablate.study.ledger import Ledger
from ablate.study.notes import Notes
from ablate.study.plan import Plan, make, specs
from ablate.study.publish import _phase
from ablate.study.remarks import remarks
from ablate.tracking.runs import spec_tags
from ablate.training.budget import at_budget
from tests.study.test_plan import STUDY, plan

SHARED = ("block", "point", "seed", "split_seed")


def with_budgets(folder: Path, budgets: Sequence[float] | None, *words: str) -> Plan:
    answer: dict[str, Any] = dict(STUDY["phases"]["answer"])
    if budgets is not None:
        answer["budgets"] = budgets
    phases = {"pilot": {"design": "baseline_only", "seeds": 2}, "answer": answer}
    return plan(folder, *words, phases=phases)


def test_the_blocks_are_the_same_and_only_the_steps_differ(tmp_path: Path) -> None:
    made = with_budgets(tmp_path, [1, 2])
    once, twice = (
        [trial for trial in made.trials if trial.phase == phase]
        for phase in ("answer", "answer_2x")
    )
    assert len(once) == len(twice) == 3 * 2 * 6
    for one, other in zip(once, twice, strict=True):
        for name in SHARED[:2]:
            assert getattr(one, name) == getattr(other, name)
        (a,), (b,) = one.runs, other.runs
        assert (a.seed, a.split_seed, a.nuisance, a.factors) == (
            b.seed,
            b.split_seed,
            b.nuisance,
            b.factors,
        )
        assert b.settings == at_budget(a.settings, 2)
        assert (a.settings["train"]["steps"], b.settings["train"]["steps"]) == (10, 20)
        assert (a.budget, b.budget) == (1.0, 2.0)
        assert b.name.startswith(f"{one.name} · 2x steps · b")
        assert type(b).from_json(b.to_json()) == b
        tags = spec_tags(b, kind="run")
        assert (tags["ablate.budget"], tags["ablate.phase"]) == ("2", "answer_2x")
        assert spec_tags(a, kind="run")["ablate.budget"] == "1"
    assert {trial.arm_id for trial in once}.isdisjoint(trial.arm_id for trial in twice)
    order = [spec.phase for spec in specs(made)]
    assert order == sorted(order, key=["pilot", "answer", "answer_2x"].index)


def test_the_runs_of_the_answer_and_of_the_pilot_have_the_ids_that_they_had(tmp_path: Path) -> None:
    absent, once, twice = (with_budgets(tmp_path, budgets) for budgets in (None, [1], [1, 2]))
    assert absent.design_hash == once.design_hash != twice.design_hash
    assert absent.rows() == once.rows()
    ids = [run.run_id for trial in absent.trials for run in trial.runs]
    assert [run.run_id for trial in twice.trials for run in trial.runs][: len(ids)] == ids
    assert "budget" not in absent.rows()[-1]
    assert {row.get("budget") for row in twice.rows()} == {None, 1.0, 2.0}
    assert "ablate.budget" not in spec_tags(absent.trials[-1].runs[0], kind="run")


def test_what_is_published_of_a_budget_names_the_arms_on_both_sides(tmp_path: Path) -> None:
    made = with_budgets(tmp_path, [1, 2])
    ledger = Ledger(tmp_path / "none")
    facts = _phase(made, made.config.phases["answer_2x"], ledger)
    assert (facts.of, facts.times, facts.steps) == ("answer", 2.0, 20)
    names = {
        phase: {trial.arm_id: trial.factors for trial in made.trials if trial.phase == phase}
        for phase in ("answer", "answer_2x")
    }
    assert {arm: names["answer_2x"][there] for arm, there in facts.arms.items()} == names["answer"]
    registered = encode(_phase(made, made.config.phases["answer"], ledger))
    assert not {"of", "times", "steps", "arms"} & registered.keys()


def test_a_plan_says_what_a_budget_is_for(tmp_path: Path) -> None:
    made = with_budgets(tmp_path, [1, 2])
    (line,) = remarks(made, made.config.phases["answer_2x"])
    assert line.startswith("the runs of answer at 2 x train.steps: decides nothing")
    spec = made.trials[-1].runs[0]
    note = Notes(made).of_run(spec, "run")
    assert "Says whether these hold at 2 times the steps: `q`" in note
    assert note.count("2x steps`") == 2  # the partners are those of its own budget


@pytest.mark.parametrize(("steps", "rungs"), [(10, (1, 2, 5)), (3, (1,)), (1, ())])
def test_a_pilot_is_scored_on_its_way_without_another_id(
    steps: int, rungs: tuple[int, ...], tmp_path: Path
) -> None:
    made = with_budgets(tmp_path, None, f"train.steps={steps}")
    for trial in made.trials:
        for run in trial.runs:
            assert run.rungs == (rungs if trial.phase == "pilot" else ())
    own = with_budgets(tmp_path, None, f"train.steps={steps}", "phases.pilot.rungs=[1]")
    assert own.trials[0].runs[0].rungs == (1,)
    assert own.rows() == made.rows()
    assert own.design_hash == made.design_hash


def test_a_warm_up_keeps_its_share_and_nothing_else_moves() -> None:
    settings = {
        "train": {"steps": 300, "learning_rate": 0.01},
        "loss": {"warmup_steps": 30, "levels": 3},
        "data": {"crop": 64},
    }
    twice = at_budget(settings, 2)
    assert (twice["train"]["steps"], twice["loss"]["warmup_steps"]) == (600, 60)
    assert at_budget(twice, 0.5) == settings
    assert at_budget(settings, 1) == settings
    assert at_budget(settings, 1e-6)["train"]["steps"] == 1
    assert at_budget({"train": {"steps": 4}}, 2) == {"train": {"steps": 8}}


def test_every_packaged_answer_is_looked_at_at_twice_the_steps() -> None:
    names = (path.stem for path in (Path(__file__).parents[2] / "studies").glob("*.yaml"))
    found = {
        name: phase.budgets
        for name in names
        for phase in config.load(name, []).phases.values()
        if phase.design == "blocked"
    }
    assert len(found) > 20
    assert {name for name, budgets in found.items() if budgets != (1, 2)} == {"term_details"}


def test_a_packaged_answer_at_one_budget_is_the_design_without_the_setting() -> None:
    """They were published before there were budgets."""
    once, absent = (
        make(config.load("q4_variant_answer", [word]))
        for word in ("phases.answer.budgets=[1]", "~phases.answer.budgets")
    )
    assert once.design_hash == absent.design_hash
    assert once.rows() == absent.rows()
