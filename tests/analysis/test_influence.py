"""A block far from all others is named, with what the change would be without it."""

import numpy as np
import pytest

from ablate.analysis.cells import Cells
from ablate.analysis.influence import collapsed_blocks, far_blocks
from ablate.analysis.selftest import planted


def told(changes: list[float], **question: object) -> list[str]:
    """Return what is said of blocks in which b changes by so much from a."""
    scores = np.stack([np.zeros(len(changes)), np.array(changes)], axis=1)[:, :, None]
    cells = Cells(
        scores=np.repeat(scores, 3, axis=2), blocks=tuple(range(1, len(changes) + 1)),
        missing=(), dropped=0, offered=3,
    )  # fmt: skip
    asked = planted.question(values=("a", "b"), **question)
    return list(far_blocks(asked, dict.fromkeys(asked.metrics, cells)))


def test_one_block_that_makes_the_mean_is_named_and_stays_in_it() -> None:
    (text,) = told([0.1, 0.12, 0.08, 0.11, 0.09, 0.1, 3.1])
    assert text.startswith("block 7 lies far from all others in b vs a of Qabf")
    assert text.endswith("without it the change would be +0.1 instead of +0.529")


@pytest.mark.parametrize("blocks", [8, 16])
def test_normal_blocks_are_seldom_far(blocks: int) -> None:
    random = np.random.default_rng(blocks)
    studies = 500
    assert sum(bool(told(random.normal(size=blocks).tolist())) for _ in range(studies)) <= 7


def test_without_spread_or_enough_blocks_nothing_is_far() -> None:
    assert told([0.1] * 8) == []
    assert told([0.1] * 7 + [0.5]) == []  # no deviation to measure by
    assert told([0.1, 5.0]) == []
    assert told([0.0, 0.1, 0.2] * 3, primary=("qabf",), secondary=("vif",)) == []


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
