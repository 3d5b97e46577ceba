"""Interactions: a cell per pair, undecided ones hatched; contrasts of contrasts where crossed."""

from dataclasses import replace

from ablate.analysis.exploration import Exploration, Response
from ablate.analysis.pairwise import CrossedEffect
from ablate.report.contents import Contents
from ablate.report.figures import NotDrawn
from ablate.report.figures.interactions import Interactions
from tests.report.drawable import numbers_of
from tests.report.exploring import explored_contents, unexplored


def showing(contents: Contents, response: Response) -> Contents:
    """Return contents whose exploration has one response."""
    assert contents.explored is not None
    return replace(contents, explored=replace(contents.explored, responses=(response,)))


def test_undecided_cells_and_no_others_are_hatched() -> None:
    contents = explored_contents()
    response = contents.responses[0]
    pairs = [replace(row, is_decided=at == 0) for at, row in enumerate(response.interactions)]
    some = showing(contents, replace(response, interactions=tuple(pairs)))
    numbers = numbers_of(Interactions(), some)
    axis = Interactions().draw(some, numbers).axes[0]
    cells = [patch for patch in axis.patches if patch.get_linewidth() == 0]
    assert [bool(cell.get_hatch()) for cell in cells] == [not row.is_decided for row in pairs]


def test_where_the_control_acts_together_with_something_nothing_is_decided() -> None:
    contents = explored_contents()
    response = contents.responses[0]
    first, *rest = response.interactions
    pairs = [replace(row, is_decided=True) for row in (replace(first, second="dummy"), *rest)]
    some = showing(contents, replace(response, interactions=tuple(pairs)))
    axis = Interactions().draw(some, numbers_of(Interactions(), some)).axes[0]
    cells = [patch for patch in axis.patches if patch.get_linewidth() == 0]
    assert all(cell.get_hatch() for cell in cells)
    assert axis.get_title(loc="left").endswith(": the control fired")


def test_contrasts_of_contrasts_are_drawn_with_and_without_an_interval() -> None:
    row = CrossedEffect(
        first="a",
        second="b",
        first_value="x",
        first_baseline="y",
        second_value="1",
        second_baseline="0",
        metric="qabf",
        estimate=0.1,
        low=None,
        high=None,
        seeds=1,
    )
    other = replace(row, first_value="z", low=0.0, high=0.4, seeds=4)
    for explored in (explored_contents().explored, Exploration()):
        assert explored is not None
        some = replace(explored_contents(), explored=replace(explored, crossed=(row, other)))
        numbers = numbers_of(Interactions(), some)
        contrasts = numbers[numbers["kind"] == "contrast"]
        assert contrasts["contrast"].tolist() == ["a x x b 1", "a z x b 1"]
        drawn = Interactions().draw(some, numbers)
        assert any(axis.get_xlabel() == "test Qabf" for axis in drawn.axes)


def test_too_few_trials_are_the_reason_that_is_given() -> None:
    contents = explored_contents()
    few = replace(contents.responses[0], interactions=(), no_interactions="too few")
    assert Interactions().numbers(showing(contents, few)) == NotDrawn("too few")
    assert Interactions().numbers(unexplored()) == NotDrawn("the study has no exploration")
