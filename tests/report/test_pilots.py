"""The spread of the pilot, and what it lets a number of blocks find."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.report.pilots import BLOCKS, pilot_of, sentence, table
from ablate.stats.power import ALPHA, paired_power
from tests.report.answered import VARIANT, answered_contents

PILOT = [{"metric": "qabf", "mean": 0.5, "sd": 0.01, "runs": 6}]


def test_mean_and_spread_are_those_of_the_finished_pilot_runs_on_test() -> None:
    contents = answered_contents(questions=[VARIANT], explored=0, hunted=0)
    runs = contents.runs
    mine = runs[(runs["phase"] == "pilot") & (runs["state"] == "finished")]["test/qabf"]
    (row,) = [row for row in pilot_of(contents) if row["metric"] == "qabf"]
    assert row["runs"] == len(mine) >= 3
    assert row["mean"] == pytest.approx(np.mean(mine))
    assert row["sd"] == pytest.approx(np.std(mine, ddof=1))
    assert {row["metric"] for row in pilot_of(contents)} == set(contents.facts["metrics"])


def test_without_a_pilot_nothing_is_said() -> None:
    assert not list(table([], comparisons=4))
    assert sentence([], comparisons=4, smallest={"qabf": 0.001}) == ""


@given(sd=st.floats(1e-4, 0.05), comparisons=st.integers(1, 20))
def test_what_blocks_find_has_a_power_of_four_fifths(sd: float, comparisons: int) -> None:
    *_, line = table([{**PILOT[0], "sd": sd}], comparisons=comparisons)
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
        [{**PILOT[0], "sd": 1.0}], comparisons=1, smallest=smallest
    )
    assert sentence(PILOT, comparisons=1, smallest={"vif": 0.1}) == ""
