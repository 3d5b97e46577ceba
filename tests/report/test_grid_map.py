"""Heat maps of a grid: a cell per two values, the mean over everything else."""

import pytest

from ablate.report.figures import NotDrawn
from ablate.report.figures.grid_map import GridMap
from tests.report.drawable import numbers_of
from tests.report.searching import crossed, hunted


def test_cells_are_means_over_the_third_dimension() -> None:
    numbers = numbers_of(GridMap(), crossed())
    assert len(numbers) == 3 * 2 + 3 * 2 + 2 * 2
    cells = numbers.set_index(["x_name", "y_name", "x", "y"])["score"]
    assert cells["rate", "name", "0.01", "q"] == pytest.approx(0.1 + 1 + 0.15)
    assert cells["name", "levels", "p", "2"] == pytest.approx(10 * (0.111 / 3) + 0.2)


def test_the_map_prints_every_cell_in_order() -> None:
    contents = crossed()
    made = GridMap().draw(contents, numbers_of(GridMap(), contents))
    first = made.axes[0]
    assert [label.get_text() for label in first.get_xticklabels()] == ["0.001", "0.01", "0.1"]
    assert [text.get_text() for text in first.texts][:3] == ["1.160", "1.250", "2.150"]


def test_a_grid_that_misses_a_cell_leaves_it_blank() -> None:
    contents = crossed()
    contents.runs.loc[:1, "state"] = "failed"  # both trials of rate 0.001 and p
    assert len(numbers_of(GridMap(), contents)) == 15
    assert isinstance(GridMap().numbers(hunted()), NotDrawn)
