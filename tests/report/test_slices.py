"""Slices: a dot per trial and setting, stopped trials as rings, the best trial starred."""

import numpy as np

from ablate.report.dots import take_dots
from ablate.report.figures import NotDrawn
from ablate.report.figures.slices import Slices
from ablate.report.page import lay_out
from tests.report.drawable import numbers_of
from tests.report.searching import hunted


def test_every_trial_is_in_every_panel_and_the_best_is_the_largest() -> None:
    contents = hunted(12, pruned=3)
    numbers = numbers_of(Slices(), contents)
    assert list(dict.fromkeys(numbers["dimension"])) == ["rate", "weight"]
    for _, mine in numbers.groupby("dimension"):
        assert len(mine) == 12
        assert mine["score"].notna().sum() == 9
        assert mine["reported"].notna().sum() == 3
        best = mine[mine["is_best"].astype(bool)]
        assert best["score"].tolist() == [contents.runs["val/qabf"].max()]


def test_a_range_is_logarithmic_where_it_was_searched_so() -> None:
    contents = hunted()
    first, second = Slices().draw(contents, numbers_of(Slices(), contents)).axes
    assert (first.get_xscale(), second.get_xscale()) == ("log", "linear")
    assert first.get_xlim()[0] < 0.001 < 0.1 < first.get_xlim()[1]


def test_every_dot_names_its_run() -> None:
    contents = hunted(6, pruned=1)
    made = Slices().draw(contents, numbers_of(Slices(), contents))
    lay_out(made)
    assert {dot.run_id for dot in take_dots(made, contents)} == set(contents.runs["run_id"])


def test_one_scored_trial_is_too_few_and_two_are_not() -> None:
    found = Slices().numbers(hunted(1, pruned=0))
    assert isinstance(found, NotDrawn)
    assert "2 are needed" in found.reason
    assert np.isfinite(numbers_of(Slices(), hunted(2, pruned=0))["score"]).all()
