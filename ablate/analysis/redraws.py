"""Blocks that were redrawn: which runs stand for the answer, and what is said of them."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd


def standing(phase: Mapping[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of a phase without those of blocks that spare ones stand for.

    Args:
        phase: What was published of the phase; studies without spare blocks say nothing of them.
        runs: Of the phase.
    """
    dropped = [block for block, _ in phase.get("redrawn", ())]
    return runs[~runs["block"].isin(dropped)] if dropped else runs


def registered(phase: Mapping[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of the blocks whose number was fixed in advance, spare ones left out.

    How many trainings die is tested on these alone: spare blocks are there because others died.
    """
    spares = [by for _, by in phase.get("redrawn", ())]
    return runs[~runs["block"].isin(spares)] if spares else runs


def told(phase: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stands beside a verdict: blocks that were redrawn, and dead ones that stay."""
    redrawn = list(phase.get("redrawn", ()))
    if redrawn:
        pairs = ", ".join(f"{block} by {by}" for block, by in redrawn)
        yield (
            f"redrawn {len(redrawn)} times, as registered (block {pairs}): no training of the "
            "baseline was healthy in the block that was dropped, with all its values"
        )
    if dead := [str(block) for block in phase.get("dead", ())]:
        which, stay = ("block", "it stays") if len(dead) == 1 else ("blocks", "they stay")
        yield (
            f"no training of the baseline was healthy in {which} {', '.join(dead)}, and no spare "
            f"block was left: {stay}"
        )
