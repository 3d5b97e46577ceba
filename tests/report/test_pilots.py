"""The spread of the pilot, and what it lets a number of blocks find."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.report.contents import Contents
from ablate.report.figures import FIGURES, NotDrawn
from ablate.report.pilots import (
    BLOCKS,
    PilotMetric,
    convergence,
    curve_of,
    pilot_of,
    sentence,
    table,
)
from ablate.report.summary import summary
from ablate.stats.power import ALPHA, paired_power
from tests.report.answered import VARIANT, answered_contents

PILOT = [PilotMetric(metric="qabf", mean=0.5, sd=0.01, runs=6)]


def test_mean_and_spread_are_those_of_the_finished_pilot_runs_on_test() -> None:
    contents = answered_contents(questions=[VARIANT], explored=0, hunted=0)
    runs = contents.runs
    mine = runs[(runs["phase"] == "pilot") & (runs["state"] == "finished")]["test/qabf"]
    (row,) = [row for row in pilot_of(contents) if row.metric == "qabf"]
    assert row.runs == len(mine) >= 3
    assert row.mean == pytest.approx(np.mean(mine))
    assert row.sd == pytest.approx(np.std(mine, ddof=1))
    assert {row.metric for row in pilot_of(contents)} == set(contents.facts.metrics)


def climbing(last: float, *, seeds: int = 3, smallest: object = "1%") -> Contents:
    """Return a study whose pilot scored .2, .3, .5 on val, and `last` after the last doubling."""
    question = {**VARIANT, "smallest_effect": {} if smallest is None else {"qabf": smallest}}
    contents = answered_contents(
        questions=[question],
        explored=0,
        hunted=0,
        pilot=seeds,
        blocks=6,
        images=2,
        selecting=["qabf"],
    )
    curves = contents.curves[contents.curves["key"] != "val/qabf"]
    ids = contents.runs.loc[contents.runs["phase"] == "pilot", "run_id"]
    rows = [
        (run_id, "val/qabf", step, score + 0.01 * place - 0.01 * (seeds - 1) / 2)
        for place, run_id in enumerate(ids)
        for step, score in ((5, 0.2), (10, 0.3), (20, 0.5), (40, last))
    ]
    added = pd.DataFrame(rows, columns=curves.columns)
    return replace(contents, curves=pd.concat([curves, added], ignore_index=True))


@pytest.mark.parametrize(
    ("last", "smallest", "said"),
    [
        (
            0.6,
            "1%",
            "still rising: the last doubling of steps brought +17 %, more than the "
            "smallest effect, 1 %.",
        ),
        (0.5035, "1%", "no longer rising: the last doubling of steps brought +0.7 %, not more"),
        (0.4, "1%", "no longer rising: the last doubling of steps brought -25 %, not more than"),
        (
            0.6,
            0.2,
            "no longer rising: the last doubling of steps brought +17 %, not more than the "
            "smallest effect, 33 %.",
        ),
        (0.6, None, "brought +17 %, and no smallest effect is named to compare it with."),
    ],
)
def test_a_pilot_says_whether_the_baseline_still_rises(
    last: float, smallest: object, said: str
) -> None:
    contents = climbing(last, smallest=smallest)
    text = convergence(contents)
    assert text.startswith("Pilot, val Qabf by steps (3 seeds): 5 0.2, 10 0.3, 20 0.5, 40 ")
    assert said in text
    assert said in " ".join(summary(contents).split())


def test_the_curve_of_a_pilot_is_drawn_with_the_mean_of_its_seeds() -> None:
    contents = climbing(0.6, seeds=4)
    figure = FIGURES.get("convergence")()
    numbers = figure.numbers(contents)
    assert not isinstance(numbers, NotDrawn)
    means = numbers[numbers["run_id"] == "mean"].set_index("step")["score"]
    assert means.to_dict() == pytest.approx({5: 0.2, 10: 0.3, 20: 0.5, 40: 0.6})
    assert len(numbers) == 4 * 4 + 4
    (axis,) = figure.draw(contents, numbers).axes
    assert len(axis.lines) == 5


def test_a_pilot_that_was_scored_at_its_end_alone_says_nothing() -> None:
    contents = answered_contents(
        questions=[VARIANT], explored=0, hunted=0, blocks=6, images=2, selecting=["qabf"]
    )
    assert curve_of(contents).empty
    assert convergence(contents) == ""
    assert isinstance(FIGURES.get("convergence")().numbers(contents), NotDrawn)
    climbed = climbing(0.6)
    first = climbed.curves["run_id"] != curve_of(climbed)["run_id"].iloc[0]
    part = climbed.curves[first | (climbed.curves["step"] == 40)]  # one seed of an earlier version
    assert curve_of(replace(climbed, curves=part)).empty


def test_without_a_pilot_nothing_is_said() -> None:
    assert not list(table([], comparisons=4))
    assert sentence([], comparisons=4, smallest={"qabf": 0.001}) == ""


@given(sd=st.floats(1e-4, 0.05), comparisons=st.integers(1, 20))
def test_what_blocks_find_has_a_power_of_four_fifths(sd: float, comparisons: int) -> None:
    *_, line = table([replace(PILOT[0], sd=sd)], comparisons=comparisons)
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[0] == "Qabf"
    percents = [float(cell.removesuffix(" %")) for cell in cells[3:]]
    assert percents == sorted(percents, reverse=True)
    for blocks, percent in zip(BLOCKS, percents, strict=True):
        effect = percent / 100 * 0.5 / (math.sqrt(2) * sd)
        power = paired_power(effect=effect, blocks=blocks, alpha=ALPHA / comparisons)
        assert power == pytest.approx(0.8, abs=0.06)  # two digits are printed


def test_the_blocks_that_a_small_effect_needs_are_said() -> None:
    smallest = {"qabf": 0.001}
    said = sentence(PILOT, comparisons=1, smallest=smallest)
    needed = int(said.partition("Qabf 0.2 % ")[2].rstrip(".").replace(",", ""))
    effect = 0.002 * 0.5 / (math.sqrt(2) * 0.01)
    assert paired_power(effect=effect, blocks=needed) >= 0.8
    assert paired_power(effect=effect, blocks=needed - 1) < 0.8
    assert "more than 10,000" in sentence(
        [replace(PILOT[0], sd=1.0)], comparisons=1, smallest=smallest
    )
    assert sentence(PILOT, comparisons=1, smallest={"vif": 0.1}) == ""
