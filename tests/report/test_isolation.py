"""Each factor alone: all points, the winners of the verdict, untuned means, pairs of blocks."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ablate.report.contents import Contents
from ablate.report.figures.isolation import Isolation
from ablate.report.values import shown_order
from tests.report.answered import answered_contents
from tests.report.drawable import numbers_of


@pytest.fixture(scope="module")
def numbers(answered: Contents) -> pd.DataFrame:
    return numbers_of(Isolation(), answered)


def test_points_are_all_runs_of_a_value_and_winners_the_cells(
    answered: Contents, numbers: pd.DataFrame
) -> None:
    some = numbers.query("question == 'variant' and metric == 'vif' and value == 'magnitude'")
    runs = answered.runs.query("phase == 'answer'")
    mine = runs[runs["arm"] == "magnitude · ratio 0.5"]["test/vif"]
    points = some[some["kind"] == "point"]["score"]
    assert sorted(points) == pytest.approx(sorted(mine))
    assert some[some["kind"] == "untuned"]["score"].item() == pytest.approx(mine.mean())
    cells = [
        cell.score
        for cell in answered.answered[0].cells
        if (cell.metric, cell.value) == ("vif", "magnitude")
    ]
    winners = some[some["kind"] == "winner"]["score"]
    assert list(winners) == cells
    assert all(np.isclose(points, score).any() for score in winners)


def test_the_interval_is_that_of_a_t_over_blocks(numbers: pd.DataFrame) -> None:
    from scipy.stats import t

    for _, some in numbers.groupby(["question", "metric", "value"]):
        scores = some[some["kind"] == "winner"]["score"]
        mean = some[some["kind"] == "mean"].iloc[0]
        half = t.ppf(0.975, len(scores) - 1) * scores.std(ddof=1) / len(scores) ** 0.5
        assert mean["score"] == pytest.approx(scores.mean())
        assert (mean["low"], mean["high"]) == pytest.approx(
            (scores.mean() - half, scores.mean() + half)
        )


def test_the_two_ends_of_a_pair_differ_by_the_contrast_of_the_block(
    answered: Contents, numbers: pd.DataFrame
) -> None:
    for question in answered.answered:
        for row in question.rows:
            some = numbers[
                (numbers["question"] == question.id)
                & (numbers["metric"] == row.metric)
                & (numbers["contrast"] == row.contrast)
            ]
            if row.role != "primary" or row.value is None:
                assert some.empty
                continue
            ends = [part["score"].to_numpy() for _, part in some.groupby("value", sort=False)]
            assert ends[0] - ends[1] == pytest.approx(row.by_block)


def test_ordered_values_keep_the_design_and_others_go_best_first(answered: Contents) -> None:
    cells = pd.DataFrame(
        [("mse", 1, v, s) for v, s in (("a", 3.0), ("b", 1.0), ("c", 2.0))],
        columns=["metric", "block", "value", "score"],
    )
    question = replace(answered.answered[0], values=("a", "b", "c"), ordered=True)
    assert shown_order(question, cells) == ["a", "b", "c"]
    assert shown_order(replace(question, ordered=False), cells) == ["b", "c", "a"]
    higher = cells.assign(metric="qabf")
    assert shown_order(replace(question, ordered=False), higher) == ["a", "c", "b"]


def test_a_point_far_off_leaves_the_axis_to_the_rest_and_a_triangle_in_its_place(
    answered: Contents, numbers: pd.DataFrame
) -> None:
    far = numbers.copy()
    far.loc[far.query("question == 'ratio' and kind == 'point'").index[0], "score"] = -9.0
    made = Isolation().draw(answered, far)
    axes = made.subfigs[1].axes
    assert axes[0].get_xlim()[0] > 0
    assert any(line.get_marker() == "<" for line in axes[0].lines)
    assert not any(line.get_marker() == "<" for line in axes[1].lines)


def test_one_block_has_no_interval_and_no_answer_no_figure(answered: Contents) -> None:
    alone = answered_contents(blocks=1, selecting=["qabf"])
    drawn = numbers_of(Isolation(), alone)
    assert drawn.loc[drawn["kind"] == "mean", "low"].isna().all()
    assert len(Isolation().draw(alone, drawn).subfigs) == 2
    assert "no answer phase" in str(Isolation().numbers(replace(answered, verdicts=None)))
