"""Trainings that ended in constant images are counted, and what a mean would be without them."""

import numpy as np
import pandas as pd
import pytest

from ablate.analysis.cells import Cells
from ablate.analysis.collapse import collapsed_blocks, collapsed_trainings, is_constant
from ablate.analysis.selftest import planted


def constant(collapsed: dict[str, list[int]], metric: str = "en", **question: object) -> list[str]:
    """Return what is said where b gains 0.1 in 6 blocks, and loses 0.4 where it collapsed."""
    values, blocks = ("a", "b", "c"), 6
    scores, entropy = np.full((blocks, 3, 2), 0.5), np.full((blocks, 3, 2), 7.0)
    scores[:, 1] = 0.6
    for value, places in collapsed.items():
        scores[np.array(places) - 1, values.index(value)] = 0.1
        entropy[np.array(places) - 1, values.index(value)] = 0.0
    about = {"blocks": tuple(range(1, blocks + 1)), "missing": (), "dropped": 0, "offered": 2}
    asked = planted.question(values=values, primary=("qabf",), **question)
    cells = {"qabf": Cells(scores=scores, **about), metric: Cells(scores=entropy, **about)}
    return list(collapsed_blocks(asked, cells))


def test_collapsed_winners_are_counted_and_what_is_left_without_their_blocks_is_said() -> None:
    (text,) = constant({"b": [1, 4]}, percent_base={"qabf": 0.5})
    assert text == (
        "the best tuning ended in constant images in 2 of 6 blocks for b: without these blocks the "
        "change would be, in Qabf b vs a +20.0 %"
    )
    (text,) = constant({"b": [1, 4], "a": [4]}, percent_base={})
    assert "1 of 6 blocks for a, 2 of 6 blocks for b" in text
    assert text.endswith("in Qabf b vs a +0.1, c vs a +0")


def test_where_nothing_collapsed_or_nothing_tells_it_nothing_is_said() -> None:
    assert constant({}) == []
    assert constant({"b": [1]}, metric="vif") == []
    (text,) = constant({"b": [1, 2, 3, 4, 5]}, metric="sd")
    assert text.endswith("in 5 of 6 blocks for b")  # one block is no mean


def trainings(collapsed: dict[str, int], metric: str = "en", each: int = 32) -> list[str]:
    """Return what is said of values of which so many trainings ended in constant images."""
    points = pd.DataFrame(
        [
            {"value": value, f"test/{metric}": 0.0 if at < collapsed.get(value, 0) else 7.0}
            for value in ("a", "b")
            for at in range(each)
        ]
    )
    return list(collapsed_trainings(planted.question(values=("a", "b")), points))


@pytest.mark.parametrize("metric", ["en", "sd"])
def test_collapsed_trainings_are_counted_per_value(metric: str) -> None:
    (text,) = trainings({"a": 1, "b": 9}, metric)
    assert text.startswith("trainings ended in constant images: 1 of 32 for a, 9 of 32 for b;")


def test_few_collapsed_trainings_are_left_to_the_checklist() -> None:
    assert trainings({}) == []
    assert trainings({"b": 1}) == []  # 3 %
    assert len(trainings({"b": 2})) == 1


def test_scores_that_tell_nothing_of_the_image_count_none() -> None:
    assert trainings({"b": 9}, metric="qabf") == []
    assert is_constant(pd.DataFrame({"test/en": [0.0, np.nan, 7.0]})).tolist() == [
        True, False, False,
    ]  # fmt: skip
