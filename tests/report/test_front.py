"""The front of a search for trade-offs: the trials of the table, and nothing with one objective."""

from ablate.report.figures import NotDrawn
from ablate.report.figures.front import Front
from ablate.report.values import trade_offs
from tests.report.drawable import numbers_of
from tests.report.searching import hunted

OBJECTIVES = ["val/qabf", "val/vif"]


def test_the_front_is_that_of_the_table() -> None:
    contents = hunted(objectives=OBJECTIVES)  # what one gains the other loses: all are on it
    numbers = numbers_of(Front(), contents)
    assert len(numbers) == contents.runs["val/qabf"].notna().sum()
    on_front = numbers[numbers["is_front"].astype(bool)]
    assert set(on_front["trial"]) == set(trade_offs(contents)["trial"]) == set(numbers["trial"])
    beaten = contents.runs["run_id"] == contents.runs["run_id"].iloc[0]
    contents.runs.loc[beaten, OBJECTIVES] = 0.0
    numbers = numbers_of(Front(), contents)
    assert numbers.loc[~numbers["is_front"].astype(bool), "trial"].tolist() == [0]
    axis = Front().draw(contents, numbers).axes[0]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("val Qabf ↑", "val VIF ↑")


def test_one_objective_has_no_front() -> None:
    assert isinstance(Front().numbers(hunted()), NotDrawn)
