"""Effects: a row per response, question and value, in design order."""

from dataclasses import replace

import pytest

from ablate.analysis import importance
from ablate.analysis.exploration import explore
from ablate.report.figures.effects import Effects
from tests.report.answered import VARIANT, answered_contents
from tests.report.drawable import numbers_of
from tests.report.exploring import explored_contents


def test_values_stand_in_design_order_with_the_numbers_of_the_exploration() -> None:
    contents = explored_contents()
    numbers = numbers_of(Effects(), contents)
    mine = numbers[(numbers["question"] == "variant") & (numbers["response"] == "val/qabf")]
    assert mine["value"].tolist() == ["signed", "sign_free", "magnitude", "signed_sum"]
    hunted = contents.runs[contents.runs["phase"] == "hunt"]
    assert mine["searched_trials"].sum() == len(hunted)
    explored = contents.runs[contents.runs["phase"] == "explore"]
    of_signed = explored[explored["factor.variant"] == "signed"]["val/qabf"].mean()
    assert abs(mine["raw"].iloc[0] - of_signed) < 1e-12


def test_an_exploration_without_a_search_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance, "TREES", 4)
    contents = answered_contents(questions=[VARIANT], hunted=0, points=1, images=2)
    contents = replace(contents, explored=explore(contents.facts, contents.runs))
    numbers = numbers_of(Effects(), contents)
    assert numbers["searched"].isna().all()
    assert Effects().draw(contents, numbers).axes
