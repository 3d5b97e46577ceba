"""Learning curves: medians and percentiles per arm and per winners of a value."""

from dataclasses import replace

import numpy as np

from ablate.published import PhaseFacts
from ablate.report.figures import NotDrawn
from ablate.report.figures.curves import MOST_ARMS, MOST_RUNS, Curves
from tests.report.answered import answered_contents
from tests.report.drawable import numbers_of
from tests.report.exploring import explored_contents


def test_winners_of_a_value_make_its_median_and_band() -> None:
    contents = explored_contents()
    numbers = numbers_of(Curves(), contents)
    assert list(dict.fromkeys(numbers["group"])) == ["designed arms", "variant", "ratio"]
    won = [w.run_id for w in contents.answered[0].winners if w.value == "magnitude"]
    curves = contents.curves
    mine = curves[curves["run_id"].isin(won) & (curves["key"] == "train/loss")]
    last = mine[mine["step"] == 40]["value"]
    row = numbers[
        (numbers["arm"] == "magnitude") & (numbers["key"] == "train/loss") & (numbers["step"] == 40)
    ].iloc[0]
    assert (row["median"], row["runs"]) == (last.median(), 8)
    assert (row["low"], row["high"]) == (last.quantile(0.1), last.quantile(0.9))


def test_many_runs_are_a_band_and_no_single_lines() -> None:
    pilot = MOST_RUNS + 1
    many = answered_contents(
        pilot=pilot, explored=0, hunted=0, blocks=1, selecting=["qabf"], images=2
    )
    drawn = Curves().draw(many, numbers_of(Curves(), many))
    assert len(drawn.axes[0].lines) == 2  # the median, and no chosen steps
    few = answered_contents(pilot=2, explored=0, hunted=0, blocks=1, selecting=["qabf"], images=2)
    assert len(Curves().draw(few, numbers_of(Curves(), few)).axes[0].lines) == 4


def test_a_hundred_arms_leave_a_panel_that_can_be_read() -> None:
    contents = explored_contents()
    runs = contents.runs[contents.runs["phase"] == "explore"]
    facts = replace(contents.facts, phases={"explore": PhaseFacts(design="one_factor")})
    many = replace(contents, facts=facts, runs=runs, verdicts=None)
    assert numbers_of(Curves(), many)["arm"].nunique() == MOST_ARMS


def test_chosen_steps_are_marked_where_runs_know_one() -> None:
    contents = explored_contents()
    some = replace(contents, runs=contents.runs.assign(**{"facts.chosen_step": 20.0}))
    marks = Curves().draw(some, numbers_of(Curves(), some)).axes[0].lines[-1]
    assert np.asarray(marks.get_xdata()).tolist() == [20.0] * 6


def test_no_loss_and_no_finished_run_have_a_reason() -> None:
    contents = explored_contents()
    bare = replace(contents, curves=contents.curves[:0])
    assert Curves().numbers(bare) == NotDrawn("no loss was recorded")
    failed = replace(contents, runs=contents.runs.assign(state="failed"), verdicts=None)
    assert Curves().numbers(failed) == NotDrawn("no designed run has finished")
