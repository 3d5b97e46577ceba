"""Drawn figures: no text on text, colours that tell values apart, the same bytes twice."""

import io
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from ablate.report import theme
from ablate.report.contents import Contents
from ablate.report.figures import FIGURES
from tests.report.answered import answered_contents, asked
from tests.report.drawable import numbers_of

MINE = (
    "primary_effects",
    "forest",
    "isolation",
    "arm_points",
    "ranks",
    "pareto",
    "power",
    "budget",
)
LONG = [
    "signed",
    "magnitude_of_the_gradient",
    "axis_wise_difference_without_sign",
    "x",
    "a_value_whose_name_goes_on_and_on",
    "single_scale",
    "signed_sum",
    "none",
]


@pytest.fixture(scope="module")
def crowded() -> Contents:
    """Return eight values with long names."""
    effects = {value: -0.004 * place for place, value in enumerate(LONG)}
    return answered_contents(questions=[asked(values=LONG)], effects=effects, selecting=["qabf"])


def svg(name: str, contents: Contents) -> tuple[Figure, bytes]:
    figure = FIGURES.get(name)()
    made = figure.draw(contents, numbers_of(figure, contents))
    text = io.BytesIO()
    made.savefig(text, format="svg", metadata={"Date": None})
    return made, text.getvalue()


def overlaps(made: Figure) -> list[tuple[str, str]]:
    """Return the pairs of drawn texts that lie on each other, by more than a pixel."""
    boxes: list[tuple[str, Bbox]] = []
    real = Text.draw

    def listening(text: Text, renderer: Any) -> None:
        if text.get_text().strip() and text.get_visible():
            boxes.append((text.get_text(), text.get_window_extent(renderer).padded(-1.0)))
        real(text, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", listening)
        FigureCanvasAgg(made).draw()  # type: ignore[no-untyped-call]
    return [(one, other) for (one, a), (other, b) in combinations(boxes, 2) if a.overlaps(b)]


@pytest.mark.parametrize("name", MINE)
def test_no_text_lies_on_another(name: str, answered: Contents, crowded: Contents) -> None:
    for contents in (answered, crowded):
        made, _ = svg(name, contents)
        assert made.get_size_inches()[0] == theme.WIDE_IN
        assert overlaps(made) == []


@pytest.mark.parametrize("name", MINE)
def test_a_second_drawing_has_the_same_bytes(name: str, answered: Contents) -> None:
    assert svg(name, answered)[1] == svg(name, answered)[1]


@given(
    order=st.lists(
        st.sampled_from([*theme.STYLE, *"abcdefghijklmn"]).filter(lambda n: n != "baseline"),
        unique=True,
        max_size=12,
    )
)
def test_no_two_values_look_the_same_and_named_ones_keep_their_look(order: list[str]) -> None:
    looks = [theme.style(name, order) for name in order]
    assert len(set(looks)) == len(order)
    for name, look in zip(order, looks, strict=True):
        assert theme.STYLE.get(name, look) == look


@given(
    text=st.text("ab_ ", min_size=1, max_size=60), width=st.integers(6, 20), lines=st.integers(1, 3)
)
def test_a_wrapped_name_keeps_within_its_lines_and_width(text: str, width: int, lines: int) -> None:
    found = theme.wrapped(text, width, lines=lines).split("\n")
    assert len(found) <= lines
    assert max(len(line) for line in found) <= width
