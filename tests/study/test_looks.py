"""Looks while a study runs: stages of blocks, what is dropped, and what a killed driver goes on to."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ablate import config
from ablate.errors import ConfigError
from ablate.settings.setting import NEWEST
from ablate.store_folder import LEDGER
from ablate.stored import encode
from ablate.study import interim
from ablate.study.beginning import defaults_in
from ablate.study.claims import course_of
from ablate.study.ledger import Ledger
from ablate.study.plan import Plan, make
from ablate.study.planned import Look
from ablate.study.publish import _phase, _planned
from ablate.study.remarks import remarks
from ablate.study.trials import Trials
from ablate.training.spec import RunSpec
from tests.study.test_redrawing import baseline_in, ended

QUESTION = {"asks": "?", "compare": "variant", "primary": ["qabf"]}
STUDY: dict[str, Any] = {
    "defaults": [{"/search_spaces@space": ["variants"]}, "_self_"],
    "title": "Looks",
    "questions": {"q": QUESTION, "other": {**QUESTION, "compare": "crop"}},
    "factors": {
        "variant": {"values": ["signed", "sign_free"]},
        "crop": {"values": [128, 64], "baseline": 128},
    },
    "space": {
        "dimensions": {"crop": {"path": "data.crop", "type": "categorical", "choices": [128, 64]}}
    },
    "phases": {
        "answer": {
            "design": "blocked",
            "looks": 3,
            "budgets": [1, 2],
            "options": {"points": 1, "blocks": 18, "redraws": 2},
        },
    },
    "base": {"data": {"name": "synthetic", "crop": 128}, "train": {"steps": 10}},
}
Closed = Mapping[int, Mapping[str, str]]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "mine.yaml").write_text(json.dumps(STUDY))
    return make(config.load(tmp_path / "mine.yaml"))


def driven(
    made: Plan, folder: Path, closed: Closed, *, stop: int = 9999, dead: tuple[int, ...] = ()
) -> tuple[Trials, list[Look]]:
    """Run the study, at most `stop` runs; return its trials and the looks of this session."""
    ledger = Ledger(folder)
    trials, looks = Trials(made, ledger), list[Look]()
    health = baseline_in(*dead)

    def closes(look: Look) -> Mapping[str, str]:
        looks.append(look)
        return closed.get(look.number, {})

    trials.closes = closes
    while stop and (spec := trials.next()) is not None:
        result = ended(spec, health(spec))
        ledger.run_folder(spec.run_id).mkdir(parents=True, exist_ok=True)
        (ledger.run_folder(spec.run_id) / "result.json").write_text(json.dumps(result.to_json()))
        ledger.end(result)
        trials.finish(spec.trial)
        stop -= 1
    return trials, looks


def blocks_of(trials: Trials, ledger: Ledger, variant: str, crop: int = 128) -> set[int]:
    """The blocks in which an arm of the answer was trained."""

    def is_it(spec: RunSpec) -> bool:
        values = spec.factors
        return values["variant"] == variant and values["crop"] == crop and spec.phase == "answer"

    runs = [run for trial in trials.known.values() for run in trial.runs if is_it(run)]
    return {run.block or 0 for run in runs if run.run_id in ledger.results}


def test_looks_are_taken_after_even_shares_and_all_blocks_run_where_nothing_closes(
    plan: Plan, tmp_path: Path
) -> None:
    trials, looks = driven(plan, tmp_path / "s", {})
    assert [(look.number, look.blocks) for look in looks] == [(1, 6), (2, 12), (3, 18)]
    assert trials.planned == plan.runs == len(Ledger(tmp_path / "s").results)
    assert not trials.is_asking


def test_a_look_comes_only_when_its_blocks_have_ended(plan: Plan, tmp_path: Path) -> None:
    trials = Trials(plan, Ledger(tmp_path / "s"))
    first = []
    while (spec := trials.next()) is not None:
        first.append(spec)
    assert {spec.block for spec in first} == set(range(1, 7))
    assert {spec.phase for spec in first} == {"answer", "answer_2x"}


def test_all_questions_closed_stop_the_study(plan: Plan, tmp_path: Path) -> None:
    closed = {2: {"q": "decided", "other": "futile"}}
    trials, looks = driven(plan, tmp_path / "s", closed)
    ledger = Ledger(tmp_path / "s")
    assert len(looks) == 2
    assert blocks_of(trials, ledger, "signed") == set(range(1, 13))
    assert trials.planned == len(ledger.results) == plan.runs * 12 // 18
    assert trials.known.keys() == trials.finished.keys()
    assert not trials.is_asking
    assert len(interim.dropped(plan, ledger.looks, [])) == plan.runs // 3
    assert _planned(plan, "answer", ledger) + _planned(plan, "answer_2x", ledger) == trials.planned


def test_an_arm_that_no_open_question_compares_is_trained_no_more(
    plan: Plan, tmp_path: Path
) -> None:
    trials, _ = driven(plan, tmp_path / "s", {1: {"q": "decided"}, 2: {"other": "decided"}})
    ledger = Ledger(tmp_path / "s")
    assert blocks_of(trials, ledger, "sign_free") == set(range(1, 7))
    assert blocks_of(trials, ledger, "signed", 64) == set(range(1, 13))
    assert blocks_of(trials, ledger, "signed") == set(range(1, 13))
    lines = interim.sentences(plan, ledger.looks)
    assert lines[0].startswith("q: decided at look 1 of 3, after 6 of 18 blocks (alpha ")
    assert lines[1].startswith("other: decided at look 2 of 3, after 12 of 18 blocks (alpha ")


@pytest.mark.parametrize("stop", [1, 35, 36, 37, 50, 71, 72])
def test_a_killed_study_goes_on_and_takes_the_same_looks(
    plan: Plan, tmp_path: Path, stop: int
) -> None:
    closed = {1: {"q": "decided"}, 2: {"other": "decided"}}
    whole, _ = driven(plan, tmp_path / "whole", closed)
    driven(plan, tmp_path / "s", closed, stop=stop)
    again, _ = driven(plan, tmp_path / "s", closed)
    one, other = Ledger(tmp_path / "whole"), Ledger(tmp_path / "s")
    assert one.looks == other.looks
    assert one.results.keys() == other.results.keys()
    assert whole.finished.keys() == again.finished.keys()


def test_a_look_that_was_written_is_not_taken_again(plan: Plan, tmp_path: Path) -> None:
    driven(plan, tmp_path / "s", {1: {"q": "decided", "other": "decided"}})
    trials, looks = driven(plan, tmp_path / "s", {})  # now nothing would be closed
    assert looks == []
    assert not trials.is_asking


def test_a_driver_killed_before_it_wrote_a_look_takes_it_again(plan: Plan, tmp_path: Path) -> None:
    closed = {1: {"q": "decided", "other": "decided"}}
    driven(plan, tmp_path / "s", closed)
    ledger = tmp_path / "s" / LEDGER
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])  # torn while it was written
    assert b'"look"' in lines[-1]
    before = set(Ledger(tmp_path / "s").results)
    _, looks = driven(plan, tmp_path / "s", closed)
    assert [look.number for look in looks] == [1]
    assert set(Ledger(tmp_path / "s").results) == before


def test_a_dead_block_is_redrawn_before_its_look(plan: Plan, tmp_path: Path) -> None:
    closed = {1: {"q": "decided"}}
    trials, looks = driven(plan, tmp_path / "s", closed, dead=(2, 8))
    ledger = Ledger(tmp_path / "s")
    answer = [(one.block, one.by) for one in ledger.redrawn if one.phase == "answer"]
    assert answer == [(2, 19), (8, 20)]
    assert [look.number for look in looks] == [1, 2, 3]
    assert 19 in blocks_of(trials, ledger, "sign_free")  # its block came before the look
    assert 20 not in blocks_of(trials, ledger, "sign_free")
    assert 20 in blocks_of(trials, ledger, "signed", 64)
    again, more = driven(plan, tmp_path / "s", closed, dead=(2, 8))
    assert more == []
    assert again.planned == trials.planned == len(ledger.results)


def test_nobody_to_judge_is_said(plan: Plan, tmp_path: Path) -> None:
    trials, _ = driven(plan, tmp_path / "s", {}, stop=0)
    trials.closes = None
    while (spec := trials.next()) is not None:
        trials._ledger.end(ended(spec, "healthy"))
        trials.finish(spec.trial)
        if len(trials._ledger.results) == plan.runs // 3:
            break
    with pytest.raises(ConfigError, match="nobody judges the look that is due"):
        trials.next()


def load(tmp_path: Path, *, defaults: int = 3, **answer: Any) -> config.StudyConfig:
    phases = {"answer": {**STUDY["phases"]["answer"], **answer}}
    phases = {"answer": {k: v for k, v in phases["answer"].items() if v is not None}}
    (tmp_path / "other.yaml").write_text(json.dumps({**STUDY, "phases": phases}))
    return config.load(tmp_path / "other.yaml", defaults=defaults)


def test_a_store_of_earlier_defaults_goes_on_with_the_even_split(tmp_path: Path) -> None:
    words = {"defaults": 2}
    old, even = load(tmp_path, **words), load(tmp_path, spending="even")
    for study in (old, even):
        phase = study.phases["answer"]
        assert not phase.has_interims
        assert course_of(phase).levels == (pytest.approx(0.05 / 3),)
        assert "look 1 of 3 declared: alpha 0.0167 each" in "\n".join(remarks(make(study), phase))
    assert old.phases["answer"].spending == even.phases["answer"].spending
    now = load(tmp_path)
    assert now.phases["answer"].spending == "obrien_fleming"
    assert make(now).design_hash != make(even).design_hash
    assert make(load(tmp_path, futility=0.1)).design_hash != make(now).design_hash


def test_a_further_look_goes_on_with_the_defaults_of_the_first(tmp_path: Path) -> None:
    Ledger(tmp_path / "mine").start({"design_hash": "d", "data_hash": "e", "defaults": 2})
    assert defaults_in(tmp_path / "mine@2") == defaults_in(tmp_path / "mine") == 2
    assert defaults_in(tmp_path / "new@2") == NEWEST


def test_without_looks_nothing_is_registered_and_nothing_published(tmp_path: Path) -> None:
    one = load(tmp_path, looks=None)
    assert one.phases == load(tmp_path, looks=None, defaults=2).phases
    published = encode(_phase(make(one), one.phases["answer"], Ledger(tmp_path / "s")))
    assert not {"spending", "futility", "taken"} & set(published)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"looks": None, "spending": "even"}, "belongs to looks; write looks: 4, or remove it"),
        ({"looks": None, "futility": 0.1}, "belongs to looks; write looks: 4, or remove it"),
        ({"spending": "even", "futility": 0.1}, "belongs to spending: obrien_fleming"),
        ({"futility": 1.0}, "a chance from 0 to below 1"),
        ({"spending": "pocock"}, "obrien_fleming"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(
    tmp_path: Path, answer: dict[str, Any], text: str
) -> None:
    with pytest.raises(ConfigError, match=text):
        load(tmp_path, **answer)


def test_the_plan_says_when_looks_are_taken_and_by_which_rule(plan: Plan) -> None:
    said = "\n".join(remarks(plan, plan.config.phases["answer"]))
    assert "looks after 6, 12 and 18 blocks, by O'Brien-Fleming at alpha " in said
    assert "futile (chance below 0.25)" in said


def test_a_further_study_is_no_look_of_one_that_takes_its_own(tmp_path: Path) -> None:
    load(tmp_path)
    with pytest.raises(ConfigError, match="write looks: 2 with spending: even"):
        make(config.load(tmp_path / "other@2.yaml"))
