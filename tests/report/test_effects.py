"""Effects: a row per response, question and value, in design order."""

from ablate.report.figures.effects import Effects
from tests.report.exploring import explored_contents


def test_values_stand_in_design_order_with_the_numbers_of_the_exploration() -> None:
    contents = explored_contents()
    numbers = Effects().numbers(contents)
    mine = numbers[(numbers["question"] == "variant") & (numbers["response"] == "val/qabf")]
    assert mine["value"].tolist() == ["signed", "sign_free", "magnitude", "signed_sum"]
    hunted = contents.runs[contents.runs["phase"] == "hunt"]
    assert mine["searched_trials"].sum() == len(hunted)
    explored = contents.runs[contents.runs["phase"] == "explore"]
    of_signed = explored[explored["factor.variant"] == "signed"]["val/qabf"].mean()
    assert abs(mine["raw"].iloc[0] - of_signed) < 1e-12
