"""Blocks without a healthy training of the baseline are redrawn, by a rule fixed in advance."""

import copy
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ablate import config
from ablate.errors import ConfigError
from ablate.study.ledger import Ledger
from ablate.study.plan import Plan, make
from ablate.study.planned import Redraw, rows_of
from ablate.study.redrawing import dead, run_ids
from ablate.study.remarks import remarks
from ablate.study.trials import Trials
from ablate.training.spec import RunResult, RunSpec

STUDY: dict[str, Any] = {
    "defaults": [{"/search_spaces@space": ["variants"]}, "_self_"],
    "title": "Blocks that are redrawn",
    "questions": {"q": {"asks": "?", "compare": "variant", "primary": ["qabf"]}},
    "factors": {"variant": {"values": ["signed", "sign_free"]}},
    "phases": {
        "answer": {
            "design": "blocked",
            "claims": False,
            "options": {"points": 2, "blocks": 4, "redraws": 2},
        },
    },
    "base": {"data": {"name": "synthetic", "crop": 128}, "train": {"steps": 10}},
}
MORE = {
    "hunt": {"design": "search", "trials": 4},
    "confirm": {"design": "confirm", "claims": False, "options": {"of": "hunt", "blocks": 2}},
}
Dies = Callable[[RunSpec], str]  # the state that a run ends in


def plan(folder: Path, *, phases: dict[str, Any] | None = None, **options: Any) -> Plan:
    study = copy.deepcopy(STUDY)
    study["phases"] |= phases or {}
    study["phases"]["answer"]["options"] |= options
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mine.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    return make(config.load(folder / "mine.yaml"))


def baseline_in(*blocks: int) -> Dies:
    """Return runs of which those of the baseline die in some blocks."""
    return lambda spec: (
        "constant"
        if spec.block in blocks and spec.factors.get("variant") == "signed"
        else "healthy"
    )


def ended(spec: RunSpec, state: str) -> RunResult:
    if state == "oom":
        return RunResult(run_id=spec.run_id, state="failed", reason="oom")
    score = zlib.crc32(spec.run_id.encode()) / 2**32
    return RunResult(
        run_id=spec.run_id,
        state="finished",
        metrics={"val/qabf": score},
        facts={"health": {"state": state}},
    )


def driven(made: Plan, folder: Path, dies: Dies, *, stop: int = 999, workers: int = 1) -> Trials:
    """Run the study with several workers that end in any order, at most `stop` runs."""
    ledger = Ledger(folder)
    trials = Trials(made, ledger)
    luck, at_work = random.Random(workers), list[RunSpec]()
    while True:
        while len(at_work) < workers and (spec := trials.next()) is not None:
            at_work.append(spec)
        if not at_work or not stop:
            return trials
        spec = at_work.pop(luck.randrange(len(at_work)))
        result = ended(spec, dies(spec))
        ledger.run_folder(spec.run_id).mkdir(parents=True, exist_ok=True)
        (ledger.run_folder(spec.run_id) / "result.json").write_text(json.dumps(result.to_json()))
        ledger.end(result)
        trials.finish(spec.trial)
        stop -= 1


def table(trials: Trials) -> list[dict[str, Any]]:
    return rows_of(trials.known[number] for number in sorted(trials.known))


def test_spare_blocks_are_registered_and_leave_the_blocks_as_they_are(tmp_path: Path) -> None:
    made, plain = plan(tmp_path), plan(tmp_path, redraws=0)
    assert made.rows() == plain.rows()
    assert made.runs == plain.runs == 2 * 2 * 4
    assert {trial.block for trial in made.spares} == {5, 6}
    larger = plan(tmp_path, blocks=6, redraws=0)
    later = {run.run_id for trial in larger.trials if (trial.block or 0) > 4 for run in trial.runs}
    assert {run.run_id for trial in made.spares for run in trial.runs} == later
    assert made.design_hash != plain.design_hash
    assert "up to 8 more runs: " in " ".join(remarks(made, made.config.phases["answer"]))
    assert "more runs" not in " ".join(remarks(plain, plain.config.phases["answer"]))


def test_no_spare_block_is_as_good_as_none_mentioned(tmp_path: Path) -> None:
    zero = plan(tmp_path, redraws=0)
    phase = zero.config.phases["answer"]
    options = {key: value for key, value in phase.options.items() if key != "redraws"}
    phases = {"answer": replace(phase, options=options)}
    assert make(replace(zero.config, phases=phases)).design_hash == zero.design_hash


@pytest.mark.parametrize(("blocks", "spares"), [(3, 1), (4, 1), (8, 2), (9, 3), (16, 4)])
def test_a_quarter_is_spare_unless_the_store_is_older(
    blocks: int, spares: int, tmp_path: Path
) -> None:
    study = copy.deepcopy(STUDY)
    study["phases"]["answer"]["options"] = {"points": 1, "blocks": blocks}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    assert config.load(tmp_path / "mine.yaml").phases["answer"].options["redraws"] == spares
    old = config.load(tmp_path / "mine.yaml", defaults=1)
    assert "redraws" not in old.phases["answer"].options


def test_a_number_of_spare_blocks_below_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"phases\.answer\.options\.redraws"):
        plan(tmp_path, redraws=-1)


def test_nothing_is_redrawn_where_the_baseline_trains(tmp_path: Path) -> None:
    made = plan(tmp_path)

    def dies(spec: RunSpec) -> str:  # of each block one point, and all of the other value
        return "healthy" if spec.factors["variant"] == "signed" and spec.point == 2 else "negative"

    trials = driven(made, tmp_path / "s", dies)
    assert (trials.redrawn, trials.planned, len(trials.finished)) == ([], 16, 16)
    assert not trials.is_asking


def test_dead_blocks_are_replaced_in_order_for_all_values(tmp_path: Path) -> None:
    made = plan(tmp_path)
    trials = driven(made, tmp_path / "s", baseline_in(2, 3))
    assert trials.redrawn == [
        Redraw(phase="answer", block=2, by=5),
        Redraw(phase="answer", block=3, by=6),
    ]
    assert trials.planned == len(trials.finished) == 24
    assert len(Ledger(tmp_path / "s").results) == 24
    spare = {trial.arm_id for trial in trials.known.values() if trial.block == 5}
    assert len(spare) == 2


def test_a_dead_spare_block_is_replaced_too_while_there_are_any(tmp_path: Path) -> None:
    made = plan(tmp_path)
    trials = driven(made, tmp_path / "s", baseline_in(4, 5, 6))
    assert [(one.block, one.by) for one in trials.redrawn] == [(4, 5), (5, 6)]
    ledger = Ledger(tmp_path / "s")
    phase = made.config.phases["answer"]
    assert dead(made, phase, ledger.results, ledger.redrawn) == [6]  # none is left: it stays


def test_what_the_machine_lost_is_not_redrawn(tmp_path: Path) -> None:
    made = plan(tmp_path)

    def dies(spec: RunSpec) -> str:
        is_lost = spec.block == 1 or (spec.block == 2 and spec.point == 1)
        return "oom" if is_lost else baseline_in(2)(spec)

    trials = driven(made, tmp_path / "s", dies)
    assert [one.block for one in trials.redrawn] == [2]  # one lost, the other constant


@pytest.mark.parametrize("phases", [{}, MORE])
def test_a_kill_anywhere_and_any_number_of_workers_end_with_the_same_table(
    phases: dict[str, Any], tmp_path: Path
) -> None:
    made = plan(tmp_path, phases=phases)
    dies = baseline_in(1, 3, 5)
    whole = driven(made, tmp_path / "whole", dies)
    assert len(whole.redrawn) == 2
    assert sorted(whole.known) == list(range(len(whole.known)))
    for stop in range(0, len(whole.finished), 3):
        folder = tmp_path / f"stopped{stop}"
        driven(made, folder, dies, stop=stop)
        resumed = driven(made, folder, dies)
        assert table(resumed) == table(whole)
        assert Ledger(folder).redrawn == whole.redrawn
    for workers in (2, 5):
        assert table(driven(made, tmp_path / str(workers), dies, workers=workers)) == table(whole)


def test_blocks_at_another_budget_follow_those_of_the_answer(tmp_path: Path) -> None:
    answer = {**STUDY["phases"]["answer"], "budgets": [1, 2]}
    made = plan(tmp_path, phases={"answer": copy.deepcopy(answer)})

    def dies(spec: RunSpec) -> str:  # at twice the steps another block dies: it follows, no more
        return baseline_in(3 if spec.phase == "answer" else 1)(spec)

    trials = driven(made, tmp_path / "s", dies)
    assert [(one.phase, one.block, one.by) for one in trials.redrawn] == [
        ("answer", 3, 5),
        ("answer_2x", 3, 5),
    ]
    assert trials.planned == len(trials.finished) == 2 * 20
    drawn = [run for trial in trials.known.values() if trial.block == 5 for run in trial.runs]
    assert len({(run.seed, run.split_seed) for run in drawn}) == 1
    assert "up to 16 more runs" in " ".join(remarks(made, made.config.phases["answer"]))


def test_a_torn_event_is_written_anew(tmp_path: Path) -> None:
    made = plan(tmp_path)
    whole = driven(made, tmp_path / "s", baseline_in(2), stop=16)
    whole.next()
    path = tmp_path / "s" / "ledger.jsonl"
    assert b'"redrawn"' in path.read_bytes()
    path.write_bytes(path.read_bytes()[:-9])
    assert Ledger(tmp_path / "s").redrawn == []
    assert [one.by for one in driven(made, tmp_path / "s", baseline_in(2)).redrawn] == [5]


def test_a_retried_run_does_not_bring_a_dropped_block_back(tmp_path: Path) -> None:
    made = plan(tmp_path)

    def dies(spec: RunSpec) -> str:
        return "oom" if spec.block == 2 and spec.point == 1 else baseline_in(2)(spec)

    trials = driven(made, tmp_path / "s", dies)
    ledger = Ledger(tmp_path / "s")
    lost = {run.run_id for trial in made.trials for run in trial.runs}
    assert len(ledger.forget_failures(lost)) == 2
    again = driven(made, tmp_path / "s", lambda spec: "healthy")
    assert again.redrawn == trials.redrawn
    assert run_ids(made, again.redrawn) <= set(Ledger(tmp_path / "s").results)
