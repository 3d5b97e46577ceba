"""A further look: equal runs come over whole, others are made anew, alpha was split before."""

import json
from pathlib import Path
from typing import Any

import pytest

from ablate import config
from ablate.config.schema import StudyConfig
from ablate.errors import ConfigError
from ablate.fingerprint import numeric_hash
from ablate.study import reuse
from ablate.study.claims import reaches
from ablate.study.ledger import Ledger
from ablate.study.open_study import OpenStudy
from ablate.study.plan import Plan, make
from ablate.study.remarks import remarks
from ablate.study.status import preview
from ablate.training.determinism import settle
from ablate.training.environment import environment_of
from ablate.training.spec import RunResult, State
from ablate.training.tasks import task_of

STUDY = "q4_variant_answer"
LOOKS = "+phases.answer={looks: 2, spending: even}"
SMALL = "phases.answer.options={points: 1, blocks: 8}"
TOY = ("data=synthetic", "data.size=[128,128]", "data.pairs.train=2")
LARGE = "phases.answer.options={points: 1, blocks: 16}"


def load(name: str, *words: str) -> StudyConfig:
    return config.load(name, words)


def looks_of(looks: int) -> str:
    return f"+phases.answer={{looks: {looks}{', spending: even' * (looks > 1)}}}"


def first_look(store: Path, *words: str, looks: int = 2, stratum: str = "", **header: Any) -> Plan:
    """Write a store in which the first look has ended; one of its runs failed."""
    plan = make(load(STUDY, looks_of(looks), SMALL, *words))
    ledger = Ledger(store / STUDY)
    ledger.start(
        {
            "design_hash": plan.design_hash,
            "data_hash": "d",
            "code_hash": numeric_hash(),
            "looks": {"answer": looks},
            **header,
        }
    )
    for number, trial in enumerate(plan.trials):
        for run in trial.runs:
            state: State = "failed" if number == 3 else "finished"
            folder = ledger.run_folder(run.run_id)
            folder.mkdir(parents=True)
            (folder / "journal.jsonl").write_text("{}\n")
            (folder / "shipped.json").write_text("{}")
            facts = {"stratum": stratum} if stratum else {}
            result = RunResult(
                run_id=run.run_id, state=state, metrics={"val/qabf": 1.0}, facts=facts
            )
            (folder / "result.json").write_text(json.dumps(result.to_json()))
    return plan


def test_equal_runs_come_over_once_and_whole(tmp_path: Path) -> None:
    first = first_look(tmp_path)
    second = make(load(f"{STUDY}@2", LOOKS, LARGE))
    assert second.config.name == f"{STUDY}@2"
    (tmp_path / f"{STUDY}@2" / "adopting" / "torn").mkdir(parents=True)
    assert reuse.adopt(second, tmp_path, data_hash="d") == first.runs - 1
    assert reuse.adopt(second, tmp_path, data_hash="d") == 0
    ledger = Ledger(tmp_path / f"{STUDY}@2")
    ledger.start({"design_hash": second.design_hash})
    results = Ledger(tmp_path / f"{STUDY}@2").results
    assert len(results) == first.runs - 1
    assert {result.state for result in results.values()} == {"finished"}
    assert not list((tmp_path / f"{STUDY}@2").rglob("shipped.json"))
    assert not (tmp_path / f"{STUDY}@2" / "adopting").exists()
    assert second.runs == first.runs + 2 * 4 * 8  # at each of two budgets


def test_a_dry_run_counts_what_would_come_over_and_copies_nothing(tmp_path: Path) -> None:
    words = (*TOY, LOOKS, LARGE)
    second = load(f"{STUDY}@2", *words)
    data_hash = task_of(second.base).examples().manifest.hash
    first = first_look(tmp_path, *TOY, data_hash=data_hash)
    begun = tmp_path / second.name / "runs" / first.trials[0].runs[0].run_id
    begun.mkdir(parents=True)
    (begun / "journal.jsonl").touch()  # adopting puts the whole run in its place
    before = sorted(tmp_path.rglob("*"))
    found = preview(OpenStudy(second, store=tmp_path))
    assert (found.kept, found.restarted, found.new) == (first.runs - 1, 0, 2 * 4 * 8 + 1)
    assert sorted(tmp_path.rglob("*")) == before
    made = make(second)
    ledger = Ledger(tmp_path / second.name)
    ledger.start({"design_hash": made.design_hash, "data_hash": data_hash})
    assert reuse.adopt(made, tmp_path, data_hash=data_hash) == found.kept
    assert preview(OpenStudy(second, store=tmp_path)) == found


@pytest.mark.parametrize("header", [{"data_hash": "other"}, {"code_hash": "other"}])
def test_other_data_or_code_is_not_reused(tmp_path: Path, header: dict[str, Any]) -> None:
    first_look(tmp_path, **header)
    second = make(load(f"{STUDY}@2", LOOKS, LARGE))
    assert reuse.adopt(second, tmp_path, data_hash="d") == 0


@pytest.mark.parametrize("is_here", [True, False])
def test_the_environment_of_a_run_counts_not_the_bytes_of_the_code(
    tmp_path: Path, is_here: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A comment that was changed since makes no run anew; other libraries do."""
    settle()
    here = environment_of("cpu").id
    first = first_look(tmp_path, code_hash="of other bytes", stratum=here if is_here else "there")
    second = make(load(f"{STUDY}@2", LOOKS, LARGE))
    assert reuse.adopt(second, tmp_path, data_hash="d") == (first.runs - 1) * is_here
    assert (f"{first.runs - 1} of its runs were made with other code" in caplog.text) != is_here


def test_a_first_look_takes_nothing_from_itself(tmp_path: Path) -> None:
    first = first_look(tmp_path)
    assert reuse.earlier(first.config, tmp_path) == []
    assert reuse.adopt(first, tmp_path, data_hash="d") == 0


def test_another_design_of_the_same_values_reuses_the_blocks_that_are_equal(tmp_path: Path) -> None:
    first_look(tmp_path)
    changed = make(load(f"{STUDY}@2", LOOKS, SMALL, "questions.variant.expects=differs"))
    assert changed.design_hash != make(load(STUDY, LOOKS, SMALL)).design_hash
    assert reuse.adopt(changed, tmp_path, data_hash="d") > 0


def test_looks_share_alpha_and_the_plan_says_so() -> None:
    study = load(f"{STUDY}@2", LOOKS, LARGE)
    (reach,) = reaches(study)
    assert reach.alpha == pytest.approx(0.05 / 2 / 8)
    text = "\n".join(remarks(make(study), study.phases["answer"]))
    assert "look 2 of 2 declared: alpha 0.025 each, together 0.05" in text


def test_a_look_that_nobody_declared_may_not_claim() -> None:
    with pytest.raises(ConfigError, match="look 2 was not declared and has no share of alpha"):
        make(load(f"{STUDY}@2", LARGE))
    assert make(load(f"{STUDY}@2", LARGE, "+phases.answer.claims=false")).runs


def test_six_blocks_cannot_claim_at_half_of_alpha() -> None:
    with pytest.raises(ConfigError, match=r"6 blocks can never claim.*not below 0\.025; use 7"):
        make(load(STUDY, LOOKS, "phases.answer.options.blocks=6"))


def test_the_looks_of_the_first_start_hold(tmp_path: Path) -> None:
    first_look(tmp_path, looks=1)
    with pytest.raises(ConfigError, match="was started with 1, now 2"):
        reuse.check_declared(load(f"{STUDY}@2", LOOKS, LARGE), tmp_path)
    unclaimed = load(f"{STUDY}@2", LOOKS, LARGE, "+phases.answer.claims=false")
    reuse.check_declared(unclaimed, tmp_path)


def test_a_path_names_its_look_too(tmp_path: Path) -> None:
    text = "title: A\nphases: {a: {design: baseline_only}}\n"
    (tmp_path / "mine.yaml").write_text(text)
    assert config.load(str(tmp_path / "mine@3.yaml")).look == 3
    assert config.load(tmp_path / "mine@3.yaml").name == "mine@3"
    assert config.load(tmp_path / "mine.yaml").look == 1
