"""The budget: counts and sums of the run table, phase by phase."""

from dataclasses import replace

import pytest

from ablate.report.contents import Contents
from ablate.report.figures import NotDrawn
from ablate.report.figures.budget import Budget
from tests.report.answered import answered_contents
from tests.report.drawable import numbers_of


def test_rows_are_the_phases_and_the_last_is_their_sum(answered: Contents) -> None:
    table = numbers_of(Budget(), answered).set_index("phase")
    assert list(table.index) == [*answered.facts.phases, "sum"]
    phases, total = table.iloc[:-1], table.iloc[-1]
    for name in ("finished", "failed", "steps", "hours", "share"):
        assert phases[name].sum() == pytest.approx(total[name])
    assert total["share"] == pytest.approx(100)
    assert total["planned"] == answered.facts.planned
    assert total["hours"] == pytest.approx(answered.runs["facts.seconds"].sum() / 3600)


def test_failed_runs_are_counted_and_their_unknown_hours_are_not() -> None:
    contents = answered_contents(failed=5, selecting=["qabf"])
    row = numbers_of(Budget(), contents).set_index("phase").loc["answer"]
    assert row["failed"] == 5
    assert row["finished"] + row["failed"] == len(contents.runs.query("phase == 'answer'"))
    assert row["steps"] == 40 * row["finished"]


def test_a_number_that_nobody_knows_is_a_dash_and_every_cell_is_drawn(answered: Contents) -> None:
    numbers = numbers_of(Budget(), answered)
    (axis,) = Budget().draw(answered, numbers).axes
    texts = [text.get_text() for text in axis.texts]
    assert len(texts) == numbers.shape[1] * (len(numbers) + 1)
    assert texts.count("–") == numbers["planned"].isna().sum() == len(numbers) - 1
    assert "100 %" in texts


def test_no_run_no_table(answered: Contents) -> None:
    assert Budget().numbers(replace(answered, runs=answered.runs[:0])) == NotDrawn(
        "no run has ended"
    )
