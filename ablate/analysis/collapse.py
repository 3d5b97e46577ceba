"""Trainings that ended in constant images: they count as finished, and the report says how many.

A network may collapse at an unlucky seed or tuning point; its scores are numbers like any others.
Where that happens to some values more than to others, their tuning chose among fewer points.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from ablate.analysis.cells import Cells
from ablate.analysis.question import Contrast, RegisteredQuestion, label_of, metric_label
from ablate.stats.contrasts import difference

CONSTANT: Final = {"en": 0.1, "sd": 0.5}  # bits, grey levels: below, constant to the eye
MOST_CONSTANT: Final = 0.05  # of the trainings of a value that go unmentioned


def is_constant(runs: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether the mean fused test image of each run is constant to the eye.

    Args:
        runs: With test/en or test/sd; without both no run is.
    """
    found = pd.Series(False, index=runs.index)
    for metric, most in CONSTANT.items():
        if f"test/{metric}" in runs:
            found |= runs[f"test/{metric}"] < most
    return found


def collapsed_trainings(question: RegisteredQuestion, points: pd.DataFrame) -> Iterator[str]:
    """Yield a caveat where more than 5 % of the trainings of a value ended in constant images.

    Args:
        question: Its values are told.
        points: One row per run of the question's arms, with its value.
    """
    by_value = is_constant(points).groupby(points["value"].map(label_of))
    counts, sizes = by_value.sum(), by_value.size()
    told = {
        name: (int(counts[name]), int(sizes[name]))
        for name in map(label_of, question.values)
        if name in sizes.index
    }
    if any(count > MOST_CONSTANT * size for count, size in told.values()):
        named = ", ".join(f"{n} of {size} for {name}" for name, (n, size) in told.items())
        yield (
            f"trainings ended in constant images: {named}; tuning chose among the others, so that "
            "values with many had fewer points to win with"
        )


def collapsed_blocks(question: RegisteredQuestion, cells: Mapping[str, Cells]) -> Iterator[str]:
    """Yield a caveat where the best tuning of a value gave constant images in some block."""
    metric = next((name for name in CONSTANT if name in cells), None)
    if metric is None or not cells[metric].scores.size:
        return
    collapsed = cells[metric].scores.mean(axis=2) < CONSTANT[metric]
    if not collapsed.any():
        return
    times = collapsed.sum(axis=0)
    named = [
        f"{count} of {len(collapsed)} blocks for {label_of(value)}"
        for value, count in zip(question.values, times.tolist(), strict=True)
        if count
    ]
    lost = {
        block for block, is_any in zip(cells[metric].blocks, collapsed.any(axis=1), strict=True)
        if is_any
    }  # fmt: skip
    touched = [
        contrast for contrast in question.contrasts
        if not contrast.is_exploratory and np.any(np.array(contrast.weights)[times > 0])
    ]  # fmt: skip
    sizes = [
        f"{metric_label(name)} {', '.join(told)}"
        for name in question.primary
        if (told := list(_without(lost, question, touched, name, cells[name])))
    ]
    without = f": without these blocks the change would be, in {'; in '.join(sizes)}"
    yield (
        f"the best tuning ended in constant images in {', '.join(named)}{without if sizes else ''}"
    )


def _without(
    lost: set[int], question: RegisteredQuestion, contrasts: Sequence[Contrast], metric: str,
    cells: Cells,
) -> Iterator[str]:  # fmt: skip
    """Yield the size of contrasts in the blocks that are not lost, while two are left."""
    kept = [block not in lost for block in cells.blocks]
    base = question.percent_base.get(metric)
    if sum(kept) < 2:
        return
    for contrast in contrasts:
        change = difference(cells.scores[kept], contrast.weights).mean()
        size = f"{100 * change / abs(base):+.1f} %" if base else f"{change:+.3g}"
        yield f"{contrast.name} {size}"
