"""Trade-offs: fronts, directions, what is missing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.report.contents import Contents
from ablate.report.figures.pareto import Pareto, front_of
from tests.report.answered import answered_contents, asked
from tests.report.drawable import numbers_of

POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=8)


@given(points=POINTS)
def test_the_front_is_what_nothing_beats(points: list[tuple[int, int]]) -> None:
    table = np.array(points, dtype=float)
    front = front_of(table)
    assert front
    for at, (x, y) in enumerate(points):
        beaten = any(a >= x and b >= y and (a, b) != (x, y) for a, b in points)
        assert (at in front) != beaten


def test_means_are_those_of_the_cells_and_time_is_better_when_shorter(answered: Contents) -> None:
    numbers = numbers_of(Pareto(), answered).query("question == 'variant'")
    cells = [c for c in answered.answered[0].cells if c.value == "sign_free"]
    mean = numbers.query("panel == 'metrics' and kind == 'mean' and value == 'sign_free'").iloc[0]
    assert (mean["x_name"], mean["y_name"]) == ("vif", "qabf")
    assert mean["y"] == pytest.approx(np.mean([c.score for c in cells if c.metric == "qabf"]))
    assert mean["x_low"] < mean["x"] < mean["x_high"]
    times = numbers.query("panel == 'time' and kind == 'mean'").set_index("value")
    front = times[times["is_front"].astype(bool)]
    assert front["x"].min() == times["x"].min()
    assert front["y"].max() == times["y"].max()
    runs = answered.runs.query("phase == 'answer' and arm == 'sign_free · ratio 0.5'")
    per_block = runs.groupby("block")["facts.seconds_per_step"].median()
    assert times["x"]["sign_free"] == pytest.approx(per_block.mean())


def test_a_failed_metric_or_a_missing_clock_leaves_one_panel(answered: Contents) -> None:
    runs = answered.runs.drop(columns="facts.seconds_per_step")
    without_clock = replace(answered, runs=runs)
    assert set(numbers_of(Pareto(), without_clock)["panel"]) == {"metrics"}
    lone = asked(primary=["qabf"], secondary=[], guardrails=[], smallest_effect={"qabf": "1%"})
    single = answered_contents(metrics=["qabf"], questions=[lone])
    assert set(numbers_of(Pareto(), single)["panel"]) == {"time"}
    bare = replace(single, runs=single.runs.drop(columns="facts.seconds_per_step"))
    assert "takes two metrics" in str(Pareto().numbers(bare))
