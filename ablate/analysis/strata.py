"""Runs of one study from several environments: what may be compared, and what is said of it.

A block is compared within itself, so it must be of one environment; blocks of several environments
then differ as they differ by seed and split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ablate.analysis.facts import Facts


def stratified(facts: Facts, points: pd.DataFrame, strata: Sequence[Mapping[str, Any]]) -> Facts:
    """Return the facts with the blocks that mix environments, or with a caveat where none does.

    Args:
        facts: Of the study around a question.
        points: The question's runs; a column stratum where there is more than one.
        strata: What was published of them: id, runs, and in words how each differs from the first.
    """
    if "stratum" in points and "state" in points:  # lost with its worker: it has no numbers to mix
        points = points[(points["state"] != "failed") | (points["stratum"] != "")]
    if "stratum" not in points or points["stratum"].nunique() < 2:
        return facts
    counts = points.groupby("block")["stratum"].nunique()
    mixed = tuple(int(block) for block in counts[counts > 1].index)
    seen = set(points["stratum"])
    words = dict.fromkeys(word for one in strata if one["id"] in seen for word in one["differs"])
    what = "; ".join(words) or "not known how they differ"
    if mixed:
        return replace(facts, mixed_blocks=mixed, drift=what)
    text = f"blocks of {len(seen)} environments ({what}): values are compared within blocks only"
    return replace(facts, caveats=(*facts.caveats, text))
