"""What a plan says about what it can find, in lines that a terminal of 80 columns shows."""

from typing import cast

import pytest

from ablate.analysis.prospects import MetricProspect, Prospect
from ablate.cli.prospects import lines
from ablate.cli.saying import wrapped
from ablate.study.plan import Plan


@pytest.mark.parametrize("smallest", [None, 0.5, 4.0, 1234.5])
@pytest.mark.parametrize("blocks", [None, 8, 123_456, 987_654_321])
def test_no_line_is_longer_than_a_terminal(smallest: float | None, blocks: int | None) -> None:
    metric = MetricProspect(metric="qabf", detectable=81.25, smallest=smallest, blocks=blocks)
    found = Prospect(
        question="variant",
        comparisons=3,
        planned=12,
        looks=(6, 12),
        metrics=(metric,),
        missing=("vif",),
        chances={1: 0.4, 2: 0.9},
        mean_blocks={0: 8.0, 1: 9.0},
    )
    said = list(lines(cast(Plan, None), [found], "6 blocks of mine on synthetic", study="mine"))
    shown = [line for one in said for line in wrapped(one, 80).split("\n")]
    assert max(map(len, shown)) <= 80
    if smallest is not None and blocks is not None:
        assert f"takes {blocks:,} blocks" in " ".join(said)
