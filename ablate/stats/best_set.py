"""The values that no other value beats."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ablate.stats.arrays import finite
from ablate.stats.crossed import Images, crossed_t
from ablate.stats.multiplicity import holm


def best_set(
    scores: ArrayLike,
    *,
    alpha: float = 0.05,
    images: Images = "random",
    groups: Sequence[Hashable] | None = None,
) -> tuple[int, ...]:
    """Return the indices of the values that are beaten by no other, best mean first.

    A value is beaten where a one-sided crossed t says so, corrected by Holm over all ordered pairs
    of values: the same test as that of a verdict's rows.

    Args:
        scores: [blocks, values, images], larger meaning better; or [blocks, values], means over
            images that are taken as they are.
        alpha: Chance that the true best is left out.
        images: As in `crossed_t`.
        groups: The scene of every image, as in `crossed_t`.

    Raises:
        DataError: Fewer than two blocks, or a value that is not finite.

    Example:
        >>> best_set([[1.0, 5.0, 5.2], [1.1, 5.3, 5.0], [0.9, 5.1, 5.1], [1.0, 5.2, 5.4]])
        (2, 1)
    """
    y = finite(scores, what="scores")
    y = y[:, :, None] if y.ndim == 2 else y
    count = y.shape[1]
    order = np.argsort(-y.mean(axis=(0, 2)), kind="stable")
    if count == 1:
        return (0,)
    rivals = [(a, b) for a in range(count) for b in range(count) if a != b]
    a, b = np.array(rivals).T
    differences = np.moveaxis(y[:, a] - y[:, b], 0, 1)  # [pairs, blocks, images]
    known = groups if y.shape[2] > 1 else None
    t = crossed_t(differences, alpha=alpha, images=images, groups=known)
    p = np.where(t.estimate > 0, t.p / 2, 1 - t.p / 2)
    beaten = {int(v) for v, q in zip(b, holm(p), strict=True) if q < alpha}
    return tuple(int(v) for v in order if v not in beaten)
