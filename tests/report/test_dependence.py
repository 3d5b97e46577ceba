"""Partial dependence: averages of the exploration, trials of the table, none of them adaptive."""

import pytest

from ablate.report.figures.dependence import Dependence
from tests.report.drawable import numbers_of
from tests.report.exploring import explored_contents


def test_averages_are_those_of_the_exploration_and_dots_are_its_trials() -> None:
    contents = explored_contents()
    numbers = numbers_of(Dependence(), contents)
    response = contents.responses[0]
    for part in response.dependence:
        mine = numbers[
            (numbers["response"] == response.response) & (numbers["dimension"] == part.dimension)
        ]
        average, dots = (mine[mine["kind"] == kind] for kind in ("average", "trial"))
        assert average["mean"].tolist() == [point.mean for point in part.points]
        assert average["low"].tolist() == [point.low for point in part.points]
        explored = contents.runs[contents.runs["phase"] == "explore"]
        assert sorted(dots["mean"]) == sorted(explored[response.response])


def test_the_optimum_of_the_simulated_rate_lies_in_the_middle() -> None:
    numbers = numbers_of(Dependence(), explored_contents())
    rate = numbers[
        (numbers["dimension"] == "learning_rate")
        & (numbers["kind"] == "average")
        & (numbers["response"] == "val/qabf")
    ]
    best = rate.sort_values("mean")["at"].iloc[-1]
    assert best == pytest.approx(0.02, rel=1.0)  # of 0.002 to 0.2, simulated best at 0.02
