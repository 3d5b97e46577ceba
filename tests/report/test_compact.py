"""Figures in a sixth of the bytes: what they draw stays."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.axes import Axes

from ablate.report import theme
from ablate.report.compact import compact


def drawn(draw: Callable[[Axes], object]) -> tuple[str, str]:
    """Return a figure as matplotlib writes it, and compact."""
    made, (axes,) = theme.figure(rows=1, columns=1, height_in=2)
    draw(axes)
    text = io.StringIO()
    made.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue(), compact(text.getvalue())


def parts(svg: str, tag: str) -> list[ET.Element]:
    return [part for part in ET.fromstring(svg).iter() if part.tag.rpartition("}")[2] == tag]


def vertices(svg: str, css: str) -> list[tuple[float, float]]:
    """Return the absolute places of the paths of a look."""
    (look,) = re.findall(rf"\.(\w+)\{{[^}}]*{re.escape(css)}[^}}]*\}}", svg)
    found = []
    for path in parts(svg, "path"):
        if path.get("class") != look:
            continue
        x = y = 0.0
        for letter, inner in re.findall(r"([mlhv])([^mlhvz]*)", path.get("d", "")):
            values = [float(one) for one in re.findall(r"-?\d*\.?\d+", inner)]
            while values:
                x += values.pop(0) if letter in "mlh" else 0
                y += values.pop(0) if letter in "mlv" else 0
                found.append((x, y))
    return found


def test_letters_are_text_with_a_family_that_every_machine_has() -> None:
    def draw(axes: Axes) -> None:
        axes.set_title("Qabf ↑ <of> a & b")
        axes.set_xlabel("two\nlines")
        axes.loglog([1e-3, 1e3], [1, 2])

    svg, small = drawn(draw)
    said = "".join(part.text or "" for part in parts(small, "text"))
    for text in ("Qabf ↑ <of> a & b", "two", "lines"):
        assert text in said
    assert {"10", "1"} & {part.text for part in parts(small, "text")}  # of powers of ten
    assert "sans-serif" in small
    assert "DejaVuSans-" not in svg  # no letter is a path


def test_every_point_is_a_vertex_at_its_place_to_a_tenth_of_a_point() -> None:
    rng = np.random.default_rng(1)
    places = rng.random((300, 2))

    def draw(axes: Axes) -> None:
        axes.scatter(places[:, 0], places[:, 1], color="#D55E00", alpha=0.4, s=9)

    svg, small = drawn(draw)
    uses = [part for part in parts(svg, "use") if "#d55e00" in part.get("style", "")]
    expected = [(float(part.get("x", 0)), float(part.get("y", 0))) for part in uses]
    assert len(expected) == 300
    np.testing.assert_allclose(vertices(small, "marker:url"), expected, atol=0.051)
    assert len(small) < len(svg) / 5


def test_a_line_keeps_its_places_its_colour_and_its_dashes() -> None:
    def draw(axes: Axes) -> None:
        axes.plot(np.linspace(0, 1, 40), np.sin(np.linspace(0, 9, 40)), "--", color="#009E73")

    svg, small = drawn(draw)
    (line,) = [part for part in parts(svg, "path") if "#009e73" in part.get("style", "")]
    numbers = [float(one) for one in re.findall(r"-?\d+\.?\d*", line.get("d", ""))]
    expected = list(zip(numbers[::2], numbers[1::2], strict=True))
    np.testing.assert_allclose(vertices(small, "#009e73"), expected, atol=0.051)
    assert "stroke-dasharray" in small


def test_what_covers_another_still_covers_it() -> None:
    def draw(axes: Axes) -> None:
        axes.axhspan(0.2, 0.6, color="#111111", zorder=1)
        axes.axhspan(0.3, 0.5, color="#EEEEEE", zorder=2)
        axes.axhspan(0.35, 0.45, color="#111111", zorder=3)  # the look of the first, above all

    _, small = drawn(draw)
    dark, light = (
        re.findall(rf"\.(\w+)\{{[^}}]*{colour}[^}}]*\}}", small)[0] for colour in ("#111", "#eee")
    )
    order = [part.get("class") for part in parts(small, "path")]
    shown = [{dark: "dark", light: "light"}.get(str(one)) for one in order]
    assert [one for one in shown if one] == ["dark", "light", "dark"]


def test_pictures_and_hatches_stay() -> None:
    def draw(axes: Axes) -> None:
        axes.imshow(np.eye(8), aspect="auto")
        axes.bar([3], [4], hatch="//", fill=False)

    svg, small = drawn(draw)
    assert len(parts(small, "image")) == len(parts(svg, "image")) == 1
    (pattern,) = parts(small, "pattern")
    assert f"url(#{pattern.get('id')})" in small


@pytest.mark.parametrize("count", [1, 2])
def test_one_mark_is_drawn_once(count: int) -> None:
    _, small = drawn(lambda axes: axes.scatter([0.1, 0.2][:count], [1, 1][:count], color="#D55E00"))
    if count == 1:
        assert not parts(small, "marker")
        ((look, _),) = re.findall(r"\.(\w+)\{([^}]*#d55e00[^}]*)\}", small)
        assert small.count(f'class="{look}"') == 1
    else:
        assert len(vertices(small, "marker:url")) == 2
