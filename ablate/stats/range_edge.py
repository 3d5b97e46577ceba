"""Whether the winners of a search crowd at the ends of the range that they were drawn from."""

from collections.abc import Sequence

OUTER = 0.05  # of the range, at each end
SHARE = 0.25  # of the winners; no more than this is fine whatever chance says


def count_outer(places: Sequence[float]) -> int:
    """Return how many positions lie in the outer 5 % at either end.

    Example:
        >>> count_outer([0.0, 0.04, 0.5, 0.97])
        3
    """
    return sum(place <= OUTER or place >= 1 - OUTER for place in places)


def chance_of(outer: int, winners: int, *, share: float = 2 * OUTER) -> float:
    """Return the chance that uniform winners have this many or more in the outer parts.

    Args:
        outer: Winners that lie there.
        winners: All of them.
        share: Of the range that counts as outer; 5 % at each end by default.

    Source:
        Exact binomial test, one-sided.

    Example:
        >>> round(chance_of(3, 8), 3)
        0.038
    """
    from scipy.stats import binomtest

    return float(binomtest(outer, winners, share, alternative="greater").pvalue)
