"""Interim analyses: the look that answers a question, and what a look closes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ablate.analysis.document import AnsweredQuestion
from ablate.analysis.verdict import Row
from ablate.config.schema import OBRIEN_FLEMING
from ablate.published import PhaseFacts
from ablate.stats.interim import Midway, is_futile
from ablate.stats.power import ALPHA
from ablate.stats.sequential import Course

DECIDED: Final = "decided"
FUTILE: Final = "futile, the smallest effect can hardly be shown any more"
BOTH: Final = "decided, the rest futile"
CLOSED_WORDS: Final = ("gain", "loss", "equivalent", "present", "absent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The look that answers a question.

    Args:
        number: Of the look, from 1; 0 before the first one.
        looks: That there are.
        blocks: That were in; of the first look before it.
        planned: Blocks in all.
        level: Family-wise level of the look.
        why: Why it closed the question; empty where it did not.
    """

    number: int
    looks: int
    blocks: int
    planned: int
    level: float
    why: str = ""

    @property
    def sentence(self) -> str:
        """The caveat of an answer that was read at a look."""
        stopped = f"stopped there: {self.why}" if self.why else "not stopped there"
        return (
            f"read at look {self.number} of {self.looks}, after {self.blocks} of {self.planned} "
            f"blocks, by O'Brien-Fleming at alpha {self.level:.2g}; {stopped}"
        )


def course_of(phase: PhaseFacts) -> Course | None:
    """The looks of a phase; None for one that takes none while it runs."""
    if phase.looks == 1 or phase.spending != OBRIEN_FLEMING or not phase.blocks:
        return None
    return Course.of(phase.blocks, looks=phase.looks, futility=phase.futility)


def standing(phase: PhaseFacts, question: str, *, is_registered: bool = True) -> Standing | None:
    """The look that answers a question: the one that closed it, else the last that was taken.

    Args:
        phase: That answers it.
        question: Its id.
        is_registered: False for one that is only described: it ends with the first that closes,
            since arms may be missing in later blocks.
    """
    course = course_of(phase)
    if course is None:
        return None
    ends = [
        look
        for look in phase.taken
        if question in look.closed or (look.closed and not is_registered)
    ]
    look = next(iter(ends or phase.taken[-1:]), None)
    number = look.number if look else 0
    at = max(0, number - 1)
    return Standing(
        number=number,
        looks=len(course.blocks),
        blocks=course.blocks[at],
        planned=course.blocks[-1],
        level=course.levels[at],
        why=look.closed.get(question, "") if look else "",
    )


def counted(phase: PhaseFacts, runs: pd.DataFrame, *, blocks: int) -> pd.DataFrame:
    """The runs of the blocks that were in at a look; a spare block counts as the one it is for."""
    if course_of(phase) is None:
        return runs
    instead = {by: block for block, by in phase.redrawn}
    inside = []
    for block in runs["block"]:
        while block in instead:
            block = instead[block]  # noqa: PLW2901 -- the block that it stands for
        inside.append(block <= blocks)
    return runs[inside]


def closing(answered: Sequence[AnsweredQuestion], phase: PhaseFacts) -> dict[str, str]:
    """Return question -> why it needs no further block, for those that the last look closes.

    A contrast is closed where each of its primary metrics is decided, equivalent or futile; a
    question where all its contrasts are. The last look closes nothing more.

    Args:
        answered: The questions that are open before this look, as they are answered at it.
        phase: With the look.
    """
    course = course_of(phase)
    if course is None or not phase.taken:
        return {}
    return {
        one.id: why
        for one in answered
        if (why := _closed(one, course, blocks=phase.taken[-1].blocks))
    }


def _closed(question: AnsweredQuestion, course: Course, *, blocks: int) -> str:
    """Return why a question is closed; empty where it is open."""
    words = {
        (one.contrast, metric): word
        for one in question.contrasts
        for metric, word in one.primary.items()
    }
    undecided = [key for key, word in words.items() if word not in CLOSED_WORDS]
    if not words or "not answerable" in words.values():
        return ""
    if not undecided:
        return DECIDED
    if blocks == course.blocks[-1] or not course.futility:
        return ""
    rows = {(row.contrast, row.metric): row for row in question.deciding}
    alpha = course.levels[-1] / len(undecided)
    is_futile_now = all(
        _is_futile(question, rows[key], course, blocks=blocks, alpha=alpha) for key in undecided
    )
    if not is_futile_now:
        return ""
    return FUTILE if len(undecided) == len(words) else BOTH


def _is_futile(
    question: AnsweredQuestion, row: Row, course: Course, *, blocks: int, alpha: float
) -> bool:
    by_block = np.asarray(question.by_block(row), dtype=np.float64)
    if row.se is None or row.p is None or row.smallest_effect is None or len(by_block) < 2:
        return False
    of_block = float(by_block.var(ddof=1))
    return bool(
        is_futile(
            Midway(
                estimate=row.estimate,
                p=row.p,
                block_variance=of_block,
                image_variance=max(0.0, row.se**2 - of_block / len(by_block)),
            ),
            blocks=blocks,
            planned=course.blocks[-1],
            margin=row.smallest_effect,
            alpha=alpha,
            bound=course.futility,
        )
    )


def awaited(stand: Standing | None) -> str:
    """Why a question has no answer yet, in words; empty where a look was taken or none will be."""
    if stand is None or stand.number:
        return ""
    return f"its first look has not been taken: it is due after {stand.blocks} blocks"


def caveats(stand: Standing | None, phase: PhaseFacts) -> Iterator[str]:
    """Yield at which look an answer was read, by which rule."""
    if stand is not None and stand.number:
        yield stand.sentence
    elif stand is None and phase.looks > 1:
        level = ALPHA / phase.looks
        yield f"one of {phase.looks} looks declared in advance, alpha {level:.3g} each"
