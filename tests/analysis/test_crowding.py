"""Winners at one end of what their blocks offered, against chance."""

import numpy as np
import pandas as pd

from ablate.analysis.crowding import crowded_ends
from ablate.analysis.facts import Facts, Selected
from ablate.analysis.selftest import planted
from ablate.published import NuisanceRange

RANGE = NuisanceRange(name="weight", low=1.0, high=100.0, is_log=True)
BLOCKS, POINTS = 16, 4


def selected(chosen: dict[str, list[int]]) -> Selected:
    """Return what a study offers, and the rank (from 0) of the point that won in each block."""
    random = np.random.default_rng(0)
    offered, winners = [], []
    for value, ranks in chosen.items():
        for block, rank in enumerate(ranks):
            settings = np.sort(np.exp(random.uniform(0, np.log(100), POINTS)))
            offered += [{"block": block, "value": value, "weight": s} for s in settings]
            winners.append({"block": block, "value": value, "weight": settings[rank]})
    return Selected(
        answers=pd.DataFrame(), winners=pd.DataFrame(winners), offered=pd.DataFrame(offered)
    )


def told(chosen: dict[str, list[int]]) -> tuple[str, ...]:
    question = planted.question(values=tuple(chosen)) if chosen else planted.question()
    return crowded_ends(question, selected(chosen), Facts(points=POINTS, nuisance=(RANGE,)))


def test_winners_at_the_lowest_point_are_told_with_their_count_and_the_range() -> None:
    (text,) = told({"a": [0] * 15 + [2], "b": [0, 1, 2, 3] * 4})
    assert "lowest weight of a block's 4 points won in 15 of 16 blocks for a (by chance 4)" in text
    assert "below 1" in text
    assert "from 1 to 100 only" in text


def test_the_highest_end_is_told_too_and_values_share_a_sentence() -> None:
    (text,) = told({"a": [3] * 14 + [0] * 2, "b": [3] * 16})
    assert "highest weight" in text
    assert "14 of 16 blocks for a, 16 of 16 blocks for b" in text
    assert "above 100" in text


def test_winners_by_chance_are_told_in_one_study_of_twenty_at_most() -> None:
    random = np.random.default_rng(1)
    alarms = sum(
        bool(told({v: random.integers(0, POINTS, BLOCKS).tolist() for v in "abcd"}))
        for _ in range(200)
    )
    assert alarms <= 16  # binomial(200, .05) is above it once in thirty


def test_without_points_or_with_one_alone_nothing_is_said() -> None:
    empty = Selected(answers=pd.DataFrame())
    assert crowded_ends(planted.question(), empty, Facts(nuisance=(RANGE,))) == ()


def test_a_range_that_no_winner_names_is_passed_over() -> None:
    facts = Facts(points=POINTS, nuisance=(NuisanceRange(name="rate", low=1, high=2),))
    assert crowded_ends(planted.question(), selected({"a": [0] * 16}), facts) == ()
