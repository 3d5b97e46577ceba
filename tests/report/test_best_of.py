"""Expected best of T: a line per value and source, and one try is the plain mean."""

import pytest

from ablate.report.figures.best_of import BestOf
from tests.report.drawable import numbers_of
from tests.report.exploring import explored_contents


def test_one_try_is_the_mean_and_more_never_lower() -> None:
    contents = explored_contents()
    numbers = numbers_of(BestOf(), contents)
    assert set(numbers["source"]) == {"answer", "explore"}
    for _, line in numbers.groupby(["question", "source", "value"]):
        assert line.sort_values("tries")["expected"].is_monotonic_increasing
    one = numbers[(numbers["tries"] == 1) & (numbers["value"] == "magnitude")]
    runs = contents.runs[contents.runs["factor.variant"] == "magnitude"]
    for source in ("answer", "explore"):
        mean = runs[runs["phase"] == source]["val/qabf"].mean()
        assert one[one["source"] == source]["expected"].item() == pytest.approx(mean)


def test_blocks_have_an_interval_and_one_sample_has_none() -> None:
    numbers = numbers_of(BestOf(), explored_contents())
    has_interval = numbers["low"].notna() & numbers["high"].notna()
    assert (has_interval == (numbers["source"] == "answer")).all()
