"""Runs of one study from several environments: which may be compared, and the caveat of it.

A block is compared within itself, so it must be of one environment; blocks of several environments
then differ as they differ by seed and split.
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from ablate.analysis.facts import Facts
from ablate.published import EnvironmentFacts

ENVIRONMENT = "stratum"  # column of the run table, by its stored name


def within_environments(
    facts: Facts, points: pd.DataFrame, environments: Sequence[EnvironmentFacts]
) -> Facts:
    """The facts with the blocks that mix environments; with a caveat where no block does.

    Args:
        facts: Of the study around a question.
        points: The question's runs; the column of the environment where there are several.
        environments: As they were published.
    """
    if ENVIRONMENT in points and "state" in points:  # lost with its worker: no numbers to mix
        points = points[(points["state"] != "failed") | (points[ENVIRONMENT] != "")]
    if ENVIRONMENT not in points or points[ENVIRONMENT].nunique() < 2:
        return facts
    counts = points.groupby("block")[ENVIRONMENT].nunique()
    mixed = tuple(int(block) for block in counts[counts > 1].index)
    seen = set(points[ENVIRONMENT])
    words = dict.fromkeys(word for one in environments if one.id in seen for word in one.differs)
    differences = "; ".join(words) or "not known how they differ"
    if mixed:
        return replace(facts, mixed_blocks=mixed, drift=differences)
    text = (
        f"blocks of {len(seen)} environments ({differences}): values are compared within blocks "
        "only"
    )
    return replace(facts, caveats=(*facts.caveats, text))
