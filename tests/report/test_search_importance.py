"""Importance in a search: shares, bars as long as they are, and nothing suppressed for few trials."""

from ablate.report.figures import NotDrawn
from ablate.report.figures.search_importance import SearchImportance
from tests.report.drawable import numbers_of
from tests.report.exploring import unexplored
from tests.report.searching import hunted


def test_the_planted_dimension_stands_first_and_bars_are_as_long_as_shares() -> None:
    contents = hunted(24)
    numbers = numbers_of(SearchImportance(), contents)
    assert numbers["dimension"].tolist() == ["rate", "weight"]
    assert (numbers["low"] <= numbers["share"]).all()
    assert (numbers["share"] <= numbers["high"]).all()
    axis = SearchImportance().draw(contents, numbers).axes[0]
    assert [bar.get_width() for bar in axis.patches] == numbers["share"].tolist()  # type: ignore[attr-defined]
    assert "21 trials" in axis.get_xlabel()


def test_every_objective_has_a_panel() -> None:
    contents = hunted(objectives=["val/qabf", "val/vif"])
    numbers = numbers_of(SearchImportance(), contents)
    assert list(dict.fromkeys(numbers["objective"])) == ["val/qabf", "val/vif"]
    assert len(SearchImportance().draw(contents, numbers).axes) == 2


def test_two_trials_are_enough_and_one_says_why_not() -> None:
    assert len(numbers_of(SearchImportance(), hunted(3, pruned=0)))
    for contents in (hunted(1, pruned=0), unexplored()):
        assert isinstance(SearchImportance().numbers(contents), NotDrawn)
