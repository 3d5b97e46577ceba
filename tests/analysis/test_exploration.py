"""The exploration of a study as a whole: adaptive trials change nothing, gaps have reasons."""

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from ablate.analysis import exploration
from ablate.analysis import importance as module
from ablate.analysis.document import encode
from ablate.analysis.exploration import LABEL
from ablate.analysis.published import StudyFacts
from ablate.published import PhaseFacts
from ablate.stored import encode as plain
from tests.analysis.exploring import study


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TREES", 4)


def explore(facts: StudyFacts, runs: pd.DataFrame) -> dict[str, Any]:
    """Return the exploration as verdict.json has it, {} where nothing varied."""
    return plain(exploration.explore(facts, runs)) or {}


def scored(value: str, place: float, dummy: float) -> float:
    return (value == "b") - (place - 0.5) ** 2


def test_everything_is_there_plain_and_labelled() -> None:
    content = explore(*study(scored, noise=0.05))
    assert json.loads(encode(content)).keys() == content.keys()
    assert content["label"] == LABEL
    (response,) = content["responses"]
    first = response["importance"][0]
    assert (first["dimension"], first["is_above"]) == ("variant", True)
    for part in ("interactions", "dependence", "effects"):
        assert response[part], part
    assert {row["source"] for row in content["best_of"]} == {"explore"}
    assert response["reason"] == response["no_interactions"] == ""


def test_adaptive_trials_change_nothing_but_the_mean_shown_beside() -> None:
    facts, runs = study(scored, noise=0.05, searched=10)
    hunted = runs["phase"] == "hunt"
    other = runs.copy()
    other.loc[hunted, "val/qabf"] = 100.0
    other.loc[hunted, "nuisance.rate"] = 0.1

    def but_searched(content: dict[str, Any]) -> bytes:
        for response in content["responses"]:
            for row in response["effects"]:
                row.pop("searched")
        return encode(content)

    assert but_searched(explore(facts, runs)) == but_searched(explore(facts, other))
    assert explore(facts, runs)["adaptive_left_out"] == 10


def test_the_order_of_the_runs_changes_no_byte() -> None:
    facts, runs = study(scored, noise=0.05, searched=4, seeds=2)
    mixed = runs.sample(frac=1.0, random_state=1)
    assert encode(explore(facts, runs)) == encode(explore(facts, mixed))


def test_nothing_explored_is_nothing() -> None:
    facts, runs = study(scored)
    facts = replace(facts, phases={"pilot": PhaseFacts(design="baseline_only")})
    assert explore(facts, runs.assign(phase="pilot")) == {}


def test_a_search_alone_says_why_there_is_nothing_to_see() -> None:
    facts, runs = study(scored, searched=6)
    content = explore(facts, runs[runs["phase"] == "hunt"])
    assert content["responses"] == []
    assert "favours what scored well" in content["reason"]


@pytest.mark.parametrize(
    ("trials", "changes", "reason"),
    [
        (8, {}, "8 trials have a score, 16 are needed"),
        (32, {"val/qabf": 0.5}, "all trials have the same score"),
        (32, {"nuisance.rate": 0.1, "dummy": None}, "1 dimensions varied, 2 are needed"),
    ],
)
def test_what_cannot_be_computed_has_a_reason(
    trials: int, changes: dict[str, Any], reason: str
) -> None:
    facts, runs = study(scored, trials=trials)
    (response,) = explore(facts, runs.assign(**changes))["responses"]
    assert response["reason"] == reason
    assert response["importance"] == []


def test_too_few_trials_for_pairs_leave_the_rest() -> None:
    facts, runs = study(scored, trials=16, noise=0.05)
    (response,) = explore(facts, runs)["responses"]
    assert "are needed for all pairs" in response["no_interactions"]
    assert response["importance"]


def test_all_failed_is_no_response() -> None:
    facts, runs = study(scored)
    content = explore(facts, pd.DataFrame(runs.assign(state="failed", **{"val/qabf": None})))
    assert content["responses"] == []
    assert content["failed"] == 32
