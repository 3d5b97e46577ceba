"""Blocks that make much of a mean: what it would be without them is said; they stay in it."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from ablate.analysis.cells import Cells
from ablate.analysis.question import RegisteredQuestion, metric_label
from ablate.stats.contrasts import difference

FAR: Final = 10.0  # robust deviations: of 8 normal blocks one lies as far in 0.4 % of studies
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
