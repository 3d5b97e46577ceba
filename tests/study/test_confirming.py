"""What a confirmation freezes, when, and that it does so once."""

import copy
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ablate import config
from ablate.errors import ConfigError
from ablate.study.claims import reaches
from ablate.study.confirming import is_untuned, named, recipe_ids
from ablate.study.ledger import Ledger
from ablate.study.plan import Plan, make
from ablate.study.remarks import remarks
from ablate.study.trials import Trials
from ablate.training.spec import RunResult, RunSpec

STUDY: dict[str, Any] = {
    "defaults": [{"/search_spaces@space": ["variants", "scales"]}, "_self_"],
    "title": "A confirmation",
    "questions": {"q": {"asks": "?", "compare": "variant", "primary": ["qabf", "vif"]}},
    "factors": {"variant": {"values": ["signed", "sign_free", "magnitude"]}},
    "phases": {
        "explore": {"design": "sobol", "trials": 9},
        "hunt": {"design": "search", "trials": 4},
        "confirm": {"design": "confirm", "options": {"of": "explore"}},
    },
    "base": {"data": {"name": "synthetic", "crop": 128}, "train": {"steps": 10}},
}


def plan(folder: Path, *words: str, confirm: dict[str, Any] | None = None, **more: Any) -> Plan:
    study = {**copy.deepcopy(STUDY), **more}
    if confirm is not None:
        study["phases"]["confirm"]["options"] = confirm
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mine.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    return make(config.load(folder / "mine.yaml", words))


def score(spec: RunSpec) -> float:
    return zlib.crc32(spec.run_id.encode()) / 2**32


def driven(
    made: Plan,
    folder: Path,
    *,
    fails: tuple[str, ...] = (),
    stop: int = 999,
    negatives: tuple[str, ...] = (),
) -> Trials:
    """Run the study with results that follow from the run ids alone, at most `stop` of them."""
    ledger = Ledger(folder)
    trials = Trials(made, ledger)
    while stop and (spec := trials.next()) is not None:
        if spec.phase in fails:
            result = RunResult(run_id=spec.run_id, state="failed", reason="error: x")
        else:
            metrics = {"val/qabf": score(spec)}
            facts = {"health": {"state": "negative"}} if spec.run_id in negatives else {}
            result = RunResult(run_id=spec.run_id, state="finished", metrics=metrics, facts=facts)
        ledger.run_folder(spec.run_id).mkdir(parents=True)
        (ledger.run_folder(spec.run_id) / "result.json").write_text(json.dumps(result.to_json()))
        ledger.end(result)
        trials.finish(spec.trial)
        stop -= 1
    return trials


def test_an_unhealthy_trial_is_not_confirmed(tmp_path: Path) -> None:
    made = plan(tmp_path)
    driven(made, tmp_path / "s")
    won = next(arm for arm in frozen(tmp_path / "s")["arms"] if arm["name"] != "baseline")
    run = next(
        trial.runs[0].run_id for trial in made.trials if f"trial {trial.number}" == won["source"]
    )
    driven(made, tmp_path / "t", negatives=(run,))
    other = next(arm for arm in frozen(tmp_path / "t")["arms"] if arm["name"] != "baseline")
    assert other["source"] != won["source"]
    assert other["val"] < won["val"]


def frozen(folder: Path) -> dict[str, Any]:
    return Ledger(folder).frozen["confirm"]


def test_the_best_on_val_meets_the_baseline_with_its_own_best_recipe(tmp_path: Path) -> None:
    made = plan(tmp_path)
    trials = driven(made, tmp_path / "s")
    explored = [trial for trial in made.trials if trial.phase == "explore"]
    best = sorted(explored, key=lambda trial: -score(trial.runs[0]))
    winner = next(trial for trial in best if trial.factors["variant"] != "signed")
    own = next(trial for trial in best if trial.factors["variant"] == "signed")
    base, first = frozen(tmp_path / "s")["arms"]
    assert base == {
        "name": "baseline",
        "settings": {"variant": "signed"},
        "nuisance": dict(own.nuisance),
        "source": f"trial {own.number}",
    }
    assert (first["name"], first["source"]) == ("winner 1", f"trial {winner.number}")
    assert first["settings"] == winner.factors
    assert first["nuisance"] == winner.nuisance
    confirmed = [trial for trial in trials.known.values() if trial.phase == "confirm"]
    first = 1 + max(n for n, trial in trials.known.items() if trial.phase != "confirm")
    assert [trial.number for trial in confirmed] == list(range(first, first + 16))
    assert {trial.recipe_id for trial in confirmed} == {
        own.recipe_id,
        winner.recipe_id,
    }
    assert [name for name, _ in recipe_ids(made, frozen(tmp_path / "s"))] == [
        "baseline",
        "winner 1",
    ]
    assert all(run.scores_test for trial in confirmed for run in trial.runs)
    assert made.runs == 9 + 4 + 16
    assert trials.unfilled == 0


def test_its_seeds_are_fresh(tmp_path: Path) -> None:
    trials = driven(plan(tmp_path), tmp_path / "s")
    seeds: dict[bool, set[int]] = {True: set(), False: set()}
    for trial in trials.known.values():
        seeds[trial.phase == "confirm"] |= {run.seed for run in trial.runs}
    assert len(seeds[True]) == 8
    assert not seeds[True] & seeds[False]


@pytest.mark.parametrize("stop", [3, 13, 14, 20])
def test_a_killed_study_goes_on_with_what_it_froze(tmp_path: Path, stop: int) -> None:
    made = plan(tmp_path)
    driven(made, tmp_path / "s", stop=stop)
    assert ("confirm" in Ledger(tmp_path / "s").frozen) == (stop >= 14)
    driven(made, tmp_path / "s")
    driven(made, tmp_path / "whole")
    assert frozen(tmp_path / "s") == frozen(tmp_path / "whole")
    assert set(Ledger(tmp_path / "s").results) == set(Ledger(tmp_path / "whole").results)


def test_a_result_that_changes_later_does_not_change_what_was_frozen(tmp_path: Path) -> None:
    made = plan(tmp_path)
    driven(made, tmp_path / "s", stop=14)
    before = frozen(tmp_path / "s")
    ledger = Ledger(tmp_path / "s")
    for trial in made.trials:
        ledger.results[trial.runs[0].run_id] = RunResult(
            run_id=trial.runs[0].run_id, state="finished", metrics={"val/qabf": -trial.number}
        )
    trials = Trials(made, ledger)
    assert ledger.frozen["confirm"] == before
    numbers = [n for n, trial in trials.known.items() if trial.phase == "confirm"]
    assert len(numbers) == 16


def test_without_a_finished_trial_nothing_is_confirmed(tmp_path: Path) -> None:
    trials = driven(plan(tmp_path), tmp_path / "s", fails=("explore", "hunt"))
    assert frozen(tmp_path / "s")["arms"] == []
    assert trials.unfilled == 16
    assert not trials.is_asking


def test_a_baseline_without_a_trial_of_its_own_is_said_to_be_untuned(tmp_path: Path) -> None:
    driven(plan(tmp_path, confirm={"of": "hunt", "winners": 2}), tmp_path / "s")
    entry = frozen(tmp_path / "s")
    assert [arm["name"] for arm in entry["arms"]] == ["baseline", "winner 1", "winner 2"]
    assert is_untuned(entry) == (entry["arms"][0]["source"] == "the base values")
    given = {"learning_rate": 0.002}
    driven(plan(tmp_path / "b", confirm={"of": "hunt", "baseline": given}), tmp_path / "t")
    assert frozen(tmp_path / "t")["arms"][0]["nuisance"] == given
    assert not is_untuned(frozen(tmp_path / "t"))


def test_the_hash_of_what_was_frozen_follows_it(tmp_path: Path) -> None:
    hashes = set()
    every: list[dict[str, Any]] = [
        {"of": "explore"},
        {"of": "explore", "winners": 2},
        {"of": "explore", "blocks": 9},
    ]
    for number, options in enumerate(every):
        driven(plan(tmp_path / str(number), confirm=options), tmp_path / f"s{number}")
        hashes.add(frozen(tmp_path / f"s{number}")["hash"])
        hashes.add(plan(tmp_path / str(number), confirm=options).design_hash)
    assert len(hashes) == 6


def test_named_arms_are_of_the_design_from_the_start(tmp_path: Path) -> None:
    mine = {"values": {"variant": "sign_free"}, "nuisance": {"learning_rate": 0.007}}
    same = {"nuisance": {"learning_rate": 0.005}}
    made = plan(tmp_path, confirm={"arms": {"mine": mine, "slow": same}})
    rows = [row for row in made.rows() if row["phase"] == "confirm"]
    assert len(rows) == 3 * 8
    assert [row["change"] for row in rows[:3]] == ["baseline", "mine", "slow"]
    assert rows[0]["arm_id"] == rows[2]["arm_id"]
    assert len({row["recipe_id"] for row in rows}) == 3
    entry = named(made, "confirm")
    assert entry["hash"] == made.design_hash
    assert dict(recipe_ids(made, entry)) == {row["change"]: row["recipe_id"] for row in rows[:3]}


@pytest.mark.parametrize("blocks", [1, 5, 6, 7])
def test_fewer_than_eight_blocks_are_refused(tmp_path: Path, blocks: int) -> None:
    with pytest.raises(ConfigError, match=f"{blocks} blocks .*use 8 or more, or claims: false"):
        plan(tmp_path, confirm={"of": "explore", "blocks": blocks})
    assert plan(
        tmp_path, "+phases.confirm.claims=false", confirm={"of": "explore", "blocks": blocks}
    )


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "needs either of: PHASE"),
        ({"of": "explore", "arms": {"m": {"values": {"variant": "magnitude"}}}}, "needs either of"),
        ({"of": "explor"}, "no phase is called so: 'explor'; did you mean 'explore'?"),
        ({"of": "confirm"}, "no phase searches or explores: 'confirm'"),
        ({"of": "explore", "winners": 0}, "winners: must be a whole number of at least 1"),
        ({"of": "explore", "question": "w"}, "options.question: no question is called 'w'"),
        ({"of": "explore", "baseline": {"rate": 1}}, "baseline.rate: not a nuisance"),
        ({"of": "explore", "baseline": {"learning_rate": 5}}, "5 lies outside"),
        ({"arms": {"m": {"values": {"variant": "x"}}}}, "'x' is not one of the values"),
        ({"arms": {"m": {"value": {}}}}, "did you mean 'values'?"),
        ({"arms": {"baseline": {}}}, "is always an arm; give its nuisance under options.baseline"),
        ({"arms": {"m": {}}}, "two of the values are one arm"),
        ({"of": "explore", "point": 2}, "no such option of this design"),
    ],
)
def test_faults_of_a_confirmation(tmp_path: Path, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(tmp_path, confirm=options)
    assert text in str(caught.value), caught.value


def test_a_percentage_is_of_the_baseline_here_too(tmp_path: Path) -> None:
    asked = {**STUDY["questions"]["q"], "smallest_effect": {"qabf": "0.2%"}}
    assert plan(tmp_path, questions={"q": asked}).confirmations


def test_the_plan_says_what_is_frozen_and_what_it_can_find(tmp_path: Path) -> None:
    made = plan(tmp_path)
    text = "\n".join(remarks(made, made.config.phases["confirm"]))
    assert "conditional on the frozen recipes" in text
    assert "frozen once explore and all else have ended" in text
    (reach,) = reaches(made.config)
    assert (reach.question, reach.comparisons, reach.blocks) == ("confirm", 2, 8)
