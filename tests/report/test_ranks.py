"""Ranks inside blocks, groups that are not told apart, spread over blocks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.report.contents import Contents
from ablate.report.figures.ranks import Ranks, groups_of
from tests.report.answered import answered_contents, asked
from tests.report.drawable import numbers_of

NAMES = list("abcdef")


def test_ranks_are_taken_inside_blocks_and_never_over_metrics(answered: Contents) -> None:
    numbers = numbers_of(Ranks(), answered).query("question == 'variant'")
    blocks = numbers[numbers["kind"] == "block"]
    assert set(blocks.groupby("block")["number"].sum()) == {1.0 + 2 + 3 + 4}
    assert len(blocks) == 8 * 4
    cells = {(c.metric, c.block, c.value): c.score for c in answered.answered[0].cells}
    values = answered.answered[0].values
    for row in blocks.to_dict("records"):
        block, value = row["block"], row["value"]
        ranks = [
            1 + sum(cells[m, block, v] > cells[m, block, value] for v in values)
            for m in ("qabf", "vif")
        ]
        assert row["number"] == pytest.approx(np.mean(ranks))


def test_an_equal_value_is_joined_and_a_worse_one_is_not() -> None:
    contents = answered_contents(
        questions=[asked(values=["a", "b", "c"], baseline="a")],
        selecting=["qabf"],
        effects={"c": -0.1},
    )
    numbers = numbers_of(Ranks(), contents)
    pairs = numbers[numbers["kind"] == "pair"].set_index(["value", "other"])["number"]
    assert pairs["a", "b"] > 0.05 > max(pairs["a", "c"], pairs["b", "c"])
    left, _ = Ranks().draw(contents, numbers).axes
    bars = [line for line in left.lines if line.get_linewidth() == 2]
    assert [np.round(np.asarray(bar.get_ydata(), float)).tolist() for bar in bars] == [[0, 1]]


def test_lower_is_better_where_the_metric_says_so() -> None:
    contents = answered_contents(
        questions=[
            asked(
                values=["a", "b"],
                baseline="a",
                primary=["mse"],
                secondary=[],
                guardrails=[],
                smallest_effect={"mse": "1%"},
            )
        ],
        metrics=["mse", "qabf"],
        selecting=["qabf"],
        effects={"b": 0.3},
    )
    numbers = numbers_of(Ranks(), contents)
    means = numbers[numbers["kind"] == "mean"].set_index("value")["number"]
    assert means["a"] == 1
    assert means["b"] == 2


def test_spread_is_the_deviation_over_blocks_in_percent_of_the_mean(answered: Contents) -> None:
    numbers = numbers_of(Ranks(), answered).query("question == 'variant' and kind == 'spread'")
    cells = [c for c in answered.answered[0].cells if c.metric == "sd"]
    scores = [c.score for c in cells if c.value == "magnitude"]
    drawn = numbers[(numbers["metric"] == "sd") & (numbers["value"] == "magnitude")]["number"]
    expected = 100 * np.std(scores, ddof=1) / np.mean([c.score for c in cells])
    assert drawn.item() == pytest.approx(expected)


@given(apart=st.sets(st.frozensets(st.sampled_from(NAMES), min_size=2, max_size=2)))
def test_a_group_holds_no_pair_that_is_told_apart_and_no_smaller_group(
    apart: set[frozenset[str]],
) -> None:
    groups = groups_of(NAMES, apart)
    for first, last in groups:
        members = NAMES[first : last + 1]
        assert not any(pair <= set(members) for pair in apart)
    for neighbours in pairwise(NAMES):
        if frozenset(neighbours) not in apart:
            assert any(first <= NAMES.index(neighbours[0]) < last for first, last in groups)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(groups))


def test_one_block_is_too_few() -> None:
    reason = Ranks().numbers(answered_contents(blocks=1, selecting=["qabf"]))
    assert "fewer than two blocks" in str(reason)
