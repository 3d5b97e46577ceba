"""Six metrics beside each other: counts, ranks, best set."""

from typing import Any

import pytest

from ablate.analysis.aggregates import best_values, counts, rank_differences
from ablate.analysis.selftest import planted
from ablate.errors import DataError


def test_wins_ties_and_losses_are_counted_per_contrast(judged: Any) -> None:
    found = judged({"qabf": [0, 1, 0], "vif": [0, -1, 0], "mi": [0, 1, 1]})
    one, other = counts(found.rows)
    assert (one.contrast, one.wins, one.losses, one.ties, one.undecided) == ("b vs a", 2, 1, 0, 0)
    assert (other.wins, other.losses, other.ties) == (1, 0, 2)


def test_not_answerable_rows_win_nothing(judged: Any) -> None:
    found = judged({"qabf": [0, 5]}, blocks=3)
    assert counts(found.rows)[0].undecided == 1


def test_ranks_and_the_best_set_follow_the_direction_of_a_metric() -> None:
    values = ("a", "b", "c")
    arrays = {
        "qabf": planted.scores(planted.generator("q"), effects=[0.0, 9.0, 9.0]),
        "mse": planted.scores(planted.generator("m"), effects=[0.0, -9.0, -9.0]),
    }
    question = planted.question(
        values=values, primary=("qabf", "mse"), better={"qabf": "higher", "mse": "lower"}
    )
    answers = planted.table(arrays, values=values)
    for found in rank_differences(question, answers):
        assert found.estimate == pytest.approx(-1.5, abs=0.5)
        assert found.p < 0.01
    for metric in ("qabf", "mse"):
        assert set(best_values(question, answers, metric)) == {"b", "c"}


def test_metrics_of_different_blocks_have_no_common_rank() -> None:
    arrays = planted.scores(planted.generator("q"), effects=[0.0, 1.0])
    answers = planted.table({"qabf": arrays, "vif": arrays}, values=("a", "b"))
    lost = answers[(answers["metric"] != "vif") | (answers["block"] > 1)]
    question = planted.question(values=("a", "b"), primary=("qabf", "vif"))
    with pytest.raises(DataError, match="different blocks"):
        rank_differences(question, lost)
