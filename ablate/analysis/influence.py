"""Blocks that make much of a mean: what it would be without them is said; they stay in it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from ablate.analysis.cells import Cells
from ablate.analysis.question import Contrast, RegisteredQuestion, label_of, metric_label
from ablate.stats.contrasts import difference

FAR: Final = 10.0  # robust deviations: of 8 normal blocks one lies as far in 0.4 % of studies
CONSTANT: Final = {
    "en": 0.1,
    "sd": 0.5,
}  # bits, grey levels: below, an image is constant to the eye
ROBUST: Final = 1.4826  # a normal standard deviation over its median absolute deviation


def far_blocks(question: RegisteredQuestion, cells: Mapping[str, Cells]) -> Iterator[str]:
    """Yield a caveat per deciding contrast in which one block lies far from all others.

    Far is measured from the median of the blocks, in median absolute deviations.
    """
    for metric in question.primary:
        scores, blocks = cells[metric].scores, cells[metric].blocks
        for contrast in question.contrasts:
            if contrast.is_exploratory or not scores.size or len(blocks) < 3:
                continue
            each = difference(scores, contrast.weights).mean(axis=1)
            distances = np.abs(each - np.median(each))
            farthest = int(distances.argmax())
            if distances[farthest] > FAR * ROBUST * np.median(distances) > 0:
                without = np.delete(each, farthest).mean()
                yield (
                    f"block {blocks[farthest]} lies far from all others in {contrast.name} of "
                    f"{metric_label(metric)}: without it the change would be {without:+.3g} "
                    f"instead of {each.mean():+.3g}"
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
