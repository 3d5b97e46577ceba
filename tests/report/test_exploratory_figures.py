"""Every exploratory figure: labelled, drawn without text on text, the same bytes twice."""

import pytest

from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn, in_order
from tests.report.exploring import explored_contents, unexplored
from tests.report.searching import crossed, hunted
from tests.report.test_layout import overlaps, svg

NAMES = ("importance", "interactions", "dependence", "effects", "best_of")
SEARCHED = ("history", "parallel", "search_importance", "slices", "contour", "trial_curves")
OTHERS = {"rungs": hunted, "front": lambda: hunted(objectives=["val/qabf", "val/vif"])}
GRIDS = ("grid_map", "grid_means")
HEALTH = ("curves", "nuisance")


def test_every_figure_of_the_exploration_says_that_it_claims_nothing() -> None:
    sections = ("exploration", "search")
    mine = [(name, figure) for name, figure in in_order() if figure.section in sections]
    assert {name for name, _ in mine} == {*NAMES, *SEARCHED, *OTHERS, *GRIDS}
    for _, figure in mine:
        assert figure.caption.startswith("Exploratory, no claim.")


def made_for(name: str) -> Contents:
    if name in GRIDS:
        return crossed()
    return OTHERS[name]() if name in OTHERS else explored_contents()


@pytest.mark.parametrize("name", [*NAMES, *HEALTH, *SEARCHED, *OTHERS, *GRIDS])
def test_no_text_lies_on_another(name: str) -> None:
    made, _ = svg(name, made_for(name))
    assert made.get_size_inches()[0] <= theme.WIDE_IN
    assert overlaps(made) == []


@pytest.mark.parametrize("name", [*NAMES, *HEALTH, *SEARCHED, *OTHERS, *GRIDS])
def test_a_second_drawing_has_the_same_bytes(name: str) -> None:
    assert svg(name, made_for(name))[1] == svg(name, made_for(name))[1]


@pytest.mark.parametrize("name", [*NAMES, *SEARCHED, "rungs"])
def test_a_study_without_exploration_says_why_there_is_nothing(name: str) -> None:
    found = FIGURES.get(name)().numbers(unexplored())
    assert isinstance(found, NotDrawn)
    assert "exploration" in found.reason or "two or more tries" in found.reason
