"""The values that no other value beats, and those that are shown to be first and second."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.stats.arrays import Floats, finite
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
    y = _three(scores)
    beaten = np.any(beats(y, alpha=alpha, images=images, groups=groups), axis=0).tolist()
    order = np.argsort(-y.mean(axis=(0, 2)), kind="stable")
    return tuple(int(v) for v in order if not beaten[v])


def first_and_second(
    scores: ArrayLike,
    *,
    alpha: float = 0.05,
    images: Images = "random",
    groups: Sequence[Hashable] | None = None,
) -> tuple[int, ...]:
    """Return the value that beats every other, and the one that beats all but the first.

    Both rest on the one corrected family of `best_set`, so that the chance of any false place is
    at most alpha. Empty where no value beats every other; the second may be missing.

    Args:
        scores: As in `best_set`.
        alpha: Chance that any place is given wrongly.
        images: As in `crossed_t`.
        groups: The scene of every image, as in `crossed_t`.

    Raises:
        DataError: Fewer than two blocks, or a value that is not finite.

    Example:
        >>> first_and_second([[1.0, 5.0, 7.2], [1.1, 5.3, 7.0], [0.9, 5.1, 7.1], [1.0, 5.2, 7.4]])
        (2, 1)
    """
    wins = beats(scores, alpha=alpha, images=images, groups=groups).sum(axis=1)
    count = len(wins)
    places: list[int] = []
    for needed in (count - 1, count - 2):  # rivals that a first and a second beat
        found = np.flatnonzero(wins == needed)
        if needed < 1 or len(found) != 1:
            break
        places.append(int(found[0]))
    return tuple(places)


def beats(
    scores: ArrayLike,
    *,
    alpha: float,
    images: Images = "random",
    groups: Sequence[Hashable] | None = None,
) -> NDArray[np.bool_]:
    """Return [a, b]: whether value a is shown to score above value b.

    Args:
        scores: As in `best_set`.
        alpha: Chance of any false entry.
        images: As in `crossed_t`.
        groups: The scene of every image, as in `crossed_t`.
    """
    y = _three(scores)
    count = y.shape[1]
    found = np.zeros((count, count), dtype=bool)
    rivals = [(a, b) for a in range(count) for b in range(count) if a != b]
    if rivals:
        a, b = np.array(rivals).T
        differences = np.moveaxis(y[:, a] - y[:, b], 0, 1)  # [pairs, blocks, images]
        known = groups if y.shape[2] > 1 else None
        t = crossed_t(differences, alpha=alpha, images=images, groups=known)
        p = np.where(t.estimate > 0, t.p / 2, 1 - t.p / 2)
        found[a, b] = holm(p) < alpha
    return found


def _three(scores: ArrayLike) -> Floats:
    """Return scores [blocks, values, images]; means over images are one image."""
    y = finite(scores, what="scores")
    return y[:, :, None] if y.ndim == 2 else y
