"""A confirmation is a question of its own, conditional on what was frozen, and can be supported."""

from typing import Any

import pandas as pd
import pytest

from ablate.analysis.confirmation import CONDITIONAL
from ablate.analysis.document import encode
from tests.analysis.test_answers import BLOCKS, facts, tables
from tests.analysis.written import answer


def confirmed(effect: float, *, untuned: bool = False, only: bool = False, **phase: Any) -> Any:
    """Return the answers of a study whose value "b" is the winner that a second phase confirms."""
    runs, images = tables(effect)
    late = runs[(runs["phase"] == "answer") & (runs["point"] == 1)].copy()
    names = dict(zip(late["run_id"], "late-" + late["run_id"], strict=True))
    own = images[images["run_id"].isin(names)].copy()
    own["run_id"] = own["run_id"].map(names)
    late["run_id"], late["phase"] = late["run_id"].map(names), "confirm"
    late["recipe_id"] = late["arm_id"].map({"arm-a": "recipe-a", "arm-b": "recipe-b"})
    late["arm_id"] = "arm-a"  # the same arm with another recipe: recipes tell them apart
    late["nuisance.learning_rate"] = 1e-4  # at the end of its range, frozen there
    about = facts()
    about["phases"]["confirm"] = {
        "design": "confirm",
        "points": 1,
        "blocks": BLOCKS,
        "preset": None,
        "claims": True,
        **phase,
    }
    if only:
        del about["phases"]["answer"]
    source = "the base values" if untuned else "trial 3"
    about["confirmations"] = [
        {
            "phase": "confirm",
            "of": "explore",
            "hash": "x",
            "question": "q",
            "is_untuned": untuned,
            "recipes": [["baseline", "recipe-a"], ["winner 1", "recipe-b"]],
            "arms": [
                {"name": "baseline", "settings": {}, "nuisance": {}, "source": source},
                {
                    "name": "winner 1",
                    "settings": {"variant": "b"},
                    "nuisance": {"learning_rate": 1e-4},
                    "source": "trial 7",
                },
            ],
        }
    ]
    content = answer(
        about, pd.concat([runs, late]), pd.concat([images, own]), generated_by="ablate 0"
    )
    assert content is not None
    assert encode(content)
    return content["questions"]


def test_it_is_a_question_of_its_own_and_can_be_supported() -> None:
    first, second = confirmed(0.05)
    assert (first["id"], second["id"]) == ("q", "confirm")
    assert second["verdict"] == "supported"
    (row,) = [row for row in second["rows"] if row["role"] == "primary"]
    assert (row["value"], row["baseline"], row["points"]) == ("winner 1", "baseline", 1)
    assert row["blocks"] == len(row["by_block"]) == BLOCKS
    assert all(run.startswith("late-") for run in row["run_ids"])


def test_the_verdict_says_what_it_is_conditional_on() -> None:
    caveats = confirmed(0.05)[1]["caveats"]
    assert f"{CONDITIONAL}: winner 1 = variant b, learning_rate 0.0001 (from trial 7)" in caveats
    assert not any("tuned by nobody" in text for text in caveats)
    assert any("tuned by nobody" in text for text in confirmed(0.05, untuned=True)[1]["caveats"])


def test_a_winner_that_is_worse_is_contradicted_and_chance_is_not_supported() -> None:
    assert confirmed(-0.05)[1]["verdict"] == "contradicted"
    assert confirmed(0.0)[1]["verdict"] in ("undecided", "practically equivalent")


def test_a_study_may_have_nothing_but_a_confirmation() -> None:
    (only,) = confirmed(0.05, only=True)
    assert (only["id"], only["verdict"]) == ("confirm", "supported")


@pytest.mark.parametrize(
    ("phase", "reason"),
    [({"claims": False}, "may never claim"), ({"blocks": 12}, "8 of 12 planned blocks")],
)
def test_the_guards_are_those_of_every_question(phase: dict[str, Any], reason: str) -> None:
    question = confirmed(0.05, **phase)[1]
    assert question["verdict"] == "not answerable"
    assert reason in question["reason"]


def test_without_a_winner_there_is_no_question() -> None:
    about = facts()
    about["confirmations"] = [{"phase": "confirm", "arms": []}]
    content = answer(about, *tables(0.05), generated_by="x")
    assert content is not None
    assert [question["id"] for question in content["questions"]] == ["q"]
