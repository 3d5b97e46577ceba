"""Rungs: every report of every trial, stopped ones too, and how many came so far."""

from dataclasses import replace

from ablate.report.figures import NotDrawn
from ablate.report.figures.rungs import Rungs
from tests.report.drawable import numbers_of
from tests.report.searching import hunted


def test_all_trials_report_and_counts_fall_where_trials_were_stopped() -> None:
    contents = hunted(12, pruned=3)
    numbers = numbers_of(Rungs(), contents)
    reports, reached = (numbers[numbers["kind"] == kind] for kind in ("report", "reached"))
    assert reports["run_id"].nunique() == 12
    assert reached.set_index("step")["trials"].to_dict() == {10: 12, 20: 9, 30: 9}
    assert reports[reports["is_stopped"].astype(bool)]["step"].tolist() == [10, 10, 10]
    best = reports[reports["is_best"].astype(bool)]
    assert best["run_id"].nunique() == 1
    assert best["run_id"].iloc[0] == contents.runs.nlargest(1, "val/qabf")["run_id"].iloc[0]
    axis = Rungs().draw(contents, numbers).axes[0]
    assert [text.get_text() for text in axis.texts] == ["12", "9", "9"]


def test_a_search_without_rungs_says_what_to_write() -> None:
    contents = hunted()
    last = contents.curves[contents.curves["step"] == 30]
    found = Rungs().numbers(replace(contents, curves=last))
    assert isinstance(found, NotDrawn)
    assert "rungs" in found.reason
