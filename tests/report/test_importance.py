"""Importance: bars, ticks and the dummy are those of the exploration."""

from ablate.report.figures.importance import Importance
from tests.report.drawable import numbers_of
from tests.report.exploring import explored_contents


def test_every_number_is_one_of_the_exploration() -> None:
    contents = explored_contents()
    numbers = numbers_of(Importance(), contents)
    for response in contents.responses:
        mine = numbers[numbers["response"] == response.response]
        assert mine.drop(columns="response").to_dict("records") == [
            {name: getattr(row, name) for name in mine.columns[1:]} for row in response.importance
        ]
        assert mine["is_dummy"].sum() == 1
        assert mine["variance"].is_monotonic_decreasing


def test_bars_and_ticks_are_as_long_as_the_numbers() -> None:
    contents = explored_contents()
    numbers = numbers_of(Importance(), contents)
    axis = Importance().draw(contents, numbers).axes[0]
    mine = numbers[numbers["response"] == numbers["response"].iloc[0]]
    assert [bar.get_width() for bar in axis.patches] == mine["variance"].tolist()  # type: ignore[attr-defined]
    assert [line.get_xdata()[0] for line in axis.lines] == mine["shuffled"].tolist()  # type: ignore[index]
