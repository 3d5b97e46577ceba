"""The runs behind the dots of a figure: their places, their links, and files without them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection

from ablate.report.contents import Contents
from ablate.report.dots import mark_unhealthy, take_dots
from ablate.report.figures import FIGURES
from ablate.report.page import as_svg, lay_out

Make = Callable[..., Contents]
SERVER = "https://host/#/experiments/1/runs/"


@pytest.mark.parametrize("name", ["arm_points", "primary_scores"])
def test_every_run_has_its_dot_where_its_score_is(contents: Make, name: str) -> None:
    given = contents()
    figure = FIGURES.get(name)()
    numbers = figure.numbers(given)
    assert isinstance(numbers, pd.DataFrame)
    drawn = figure.draw(given, numbers)
    lay_out(drawn)
    dots = take_dots(drawn, given)
    metrics = list(dict.fromkeys(numbers["metric"]))
    panels = dict(zip(metrics, drawn.axes, strict=False))
    height = drawn.get_figheight() * 72
    wanted: list[tuple[str, float]] = []
    for row in numbers.itertuples():
        x, _ = panels[row.metric].transData.transform((row.value, 0)) * 72 / drawn.dpi
        wanted.append((str(row.run_id), round(float(x), 1)))
    found = sorted((dot.run_id, dot.x) for dot in dots)
    assert [run_id for run_id, _ in found] == [run_id for run_id, _ in sorted(wanted)]
    assert [x for _, x in found] == pytest.approx([x for _, x in sorted(wanted)], abs=0.11)
    assert all(0 < dot.y < height for dot in dots)
    arms = given.runs.set_index("run_id")["arm"]
    assert all(dot.text.startswith(f"{arms[dot.run_id]} · ") for dot in dots)
    assert {dot.url for dot in dots} == {""}
    assert "href" not in as_svg(drawn).decode()
    assert take_dots(drawn, given) == ()


def test_a_server_makes_links_of_them(contents: Make) -> None:
    given = contents()
    known = {run_id: f"id{number}" for number, run_id in enumerate(given.runs["run_id"])}
    linked = replace(given, links=known, server=SERVER)
    figure = FIGURES.get("arm_points")()
    numbers = figure.numbers(linked)
    assert isinstance(numbers, pd.DataFrame)
    drawn = figure.draw(linked, numbers)
    lay_out(drawn)
    assert {dot.url for dot in take_dots(drawn, linked)} == {SERVER + one for one in known.values()}


@pytest.mark.parametrize("name", ["arm_points", "primary_scores"])
def test_runs_that_ended_unhealthy_are_crosses_with_an_entry_in_the_legend(
    contents: Make, name: str
) -> None:
    given = contents()
    health = ["negative", *["healthy"] * (len(given.runs) - 1)]
    ill = replace(given, runs=given.runs.assign(health=health))
    figure = FIGURES.get(name)()
    texts = {}
    for some in (given, ill):
        numbers = figure.numbers(some)
        assert isinstance(numbers, pd.DataFrame)
        drawn = figure.draw(some, numbers)
        mark_unhealthy(drawn, some)
        lay_out(drawn)
        texts[some is ill] = as_svg(drawn).decode()
        shapes = {
            run_id: np.shape(points.get_paths()[at % len(points.get_paths())].vertices)[0]
            for points in drawn.findobj(PathCollection)
            for at, run_id in enumerate(points.get_urls())
            if run_id is not None
        }
        crosses = [run_id for run_id, corners in shapes.items() if corners == shapes["signed0"]]
        assert (crosses == ["signed0"]) == (some is ill)
    assert "training ended unhealthy" in texts[True]
    assert "training ended unhealthy" not in texts[False]
