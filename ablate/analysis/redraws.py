"""Blocks that were redrawn: which runs count for the answer, and the caveats of it."""

from collections.abc import Iterator

import pandas as pd

from ablate.published import PhaseFacts


def standing(phase: PhaseFacts, runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of a phase without those of blocks that spare ones replace."""
    dropped = [block for block, _ in phase.redrawn]
    return runs[~runs["block"].isin(dropped)] if dropped else runs


def registered(phase: PhaseFacts, runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of the blocks whose number was fixed in advance, without the spare ones.

    How many trainings die is tested on these alone: spare blocks are there because others died.
    """
    spares = [by for _, by in phase.redrawn]
    return runs[~runs["block"].isin(spares)] if spares else runs


def caveats(phase: PhaseFacts) -> Iterator[str]:
    """Yield a caveat for blocks that were redrawn, and one for dead blocks that stay."""
    if phase.redrawn:
        pairs = ", ".join(f"{block} by {by}" for block, by in phase.redrawn)
        yield (
            f"redrawn {len(phase.redrawn)} times, as registered (block {pairs}): no training of "
            "the baseline was healthy in the block that was dropped, with all its values"
        )
    if phase.dead:
        dead = ", ".join(map(str, phase.dead))
        which, stay = ("block", "it stays") if len(phase.dead) == 1 else ("blocks", "they stay")
        yield (
            f"no training of the baseline was healthy in {which} {dead}, and no spare "
            f"block was left: {stay}"
        )
