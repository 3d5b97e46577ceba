"""The two most important dimensions: contours between trials, means of cells where names are."""

import numpy as np
import pandas as pd
import pytest

from ablate.report.figures import NotDrawn
from ablate.report.figures.contour import Contour
from tests.report.drawable import numbers_of
from tests.report.searching import contents_of, hunted, run


def test_ranges_have_a_row_per_scored_trial_with_its_settings() -> None:
    contents = hunted()
    numbers = numbers_of(Contour(), contents)
    scored = contents.runs.dropna(subset=["val/qabf"])
    assert numbers["first"].iloc[0] == "rate"
    assert numbers["x"].tolist() == scored["factor.rate"].astype(float).tolist()
    assert numbers["y"].tolist() == scored["factor.weight"].astype(float).tolist()
    axis = Contour().draw(contents, numbers).axes[0]
    assert axis.get_xscale() == "log"
    assert len(axis.collections) == 2  # the contours and the dots


def test_trials_on_a_line_are_dots_alone() -> None:
    contents = hunted(2, pruned=0)
    assert len(Contour().draw(contents, numbers_of(Contour(), contents)).axes[0].collections) == 1


def test_a_cell_is_the_mean_of_its_trials() -> None:
    contents = hunted(18, pruned=0, named=True)
    numbers = numbers_of(Contour(), contents)
    assert set(numbers["kind"]) == {"cell"}
    assert numbers["trials"].sum() == 18
    assert numbers["first"].iloc[0] == "rate"
    parts = ["0.001 to 0.00316", "0.00316 to 0.01", "0.01 to 0.0316", "0.0316 to 0.1"]
    powers = np.log10(contents.runs["factor.rate"].astype(float))
    part = pd.cut(powers, [-3.0, -2.5, -2.0, -1.5, -1.0], labels=parts).astype(str)
    means = contents.runs["val/qabf"].groupby([part, contents.runs["factor.name"]]).mean()
    cells = numbers.set_index(["x", "y"])["score"]
    assert cells.to_dict() == pytest.approx(means.to_dict())
    Contour().draw(contents, numbers)


def test_one_dimension_has_no_contour() -> None:
    runs = [run("hunt", at, **{"factor.rate": str(at), "val/qabf": 0.1 * at}) for at in range(4)]
    found = Contour().numbers(contents_of(runs, phases={"hunt": {"design": "search"}}))
    assert isinstance(found, NotDrawn)
    assert "fewer than two settings" in found.reason
