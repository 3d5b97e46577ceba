"""Learning curves of a search: all of its trials, those without a score set apart."""

from dataclasses import replace

import pandas as pd

from ablate.report.figures import NotDrawn
from ablate.report.figures.trial_curves import MOST_POINTS, TrialCurves
from tests.report.drawable import numbers_of
from tests.report.searching import hunted


def test_every_trial_has_its_curve_and_stopped_ones_are_dashed() -> None:
    contents = hunted(12, pruned=3)
    numbers = numbers_of(TrialCurves(), contents)
    assert numbers["run_id"].nunique() == 12
    assert numbers.loc[numbers["is_stopped"], "run_id"].nunique() == 3
    lines = TrialCurves().draw(contents, numbers).axes[0].lines
    assert [line.get_linestyle() for line in lines] == ["-"] * 9 + ["--"] * 3


def test_long_curves_are_thinned_and_keep_their_last_point() -> None:
    contents = hunted(2, pruned=0)
    loss = contents.curves[contents.curves["key"] == "train/loss"].iloc[[0]]
    long = [loss.assign(step=step, value=1.0 / step) for step in range(1, 1002)]
    numbers = numbers_of(TrialCurves(), replace(contents, curves=pd.concat(long)))
    assert len(numbers) <= MOST_POINTS
    assert numbers["step"].max() == 1001


def test_a_task_without_a_loss_says_so() -> None:
    contents = hunted()
    some = contents.curves[contents.curves["key"] != "train/loss"]
    assert isinstance(TrialCurves().numbers(replace(contents, curves=some)), NotDrawn)
