"""A block far from all others is named, with what the change would be without it."""

import numpy as np
import pytest

from ablate.analysis.cells import Cells
from ablate.analysis.influence import far_blocks
from ablate.analysis.selftest import planted


def told(changes: list[float], **question: object) -> list[str]:
    """Return what is said of blocks in which b changes by so much from a."""
    scores = np.stack([np.zeros(len(changes)), np.array(changes)], axis=1)[:, :, None]
    cells = Cells(
        scores=np.repeat(scores, 3, axis=2),
        blocks=tuple(range(1, len(changes) + 1)),
        missing=(),
        dropped=0,
        offered=3,
    )
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
