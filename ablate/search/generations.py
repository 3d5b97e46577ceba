"""Which generation of a population-based sampler each trial belongs to."""

from collections.abc import Callable, Sequence


def generations(
    members: Sequence[bool], *, population: int, lag: int | Callable[[int], int], count: int
) -> list[int]:
    """Return the generation of the trials 0 to `count` - 1.

    Trial i is made when the trials 0 to i - `lag` (or `lag`(i)) are known. It is of the generation
    whose predecessor had `population` members among these; members that come later than that are
    of a generation which is over, and found nothing.

    Args:
        members: Whether a known trial counts, in the order of their numbers.
        population: Members of a full generation.
        lag: At least 1; as a function of i it never grows faster than i.
        count: How many trials to place.

    Example:
        >>> generations([True] * 6, population=2, lag=1, count=7)
        [0, 0, 1, 1, 2, 2, 3]
        >>> generations([True] * 4, population=2, lag=3, count=7)
        [0, 0, 0, 0, 1, 1, 1]
    """
    placed: list[int] = []
    now = filled = seen = 0
    for index in range(count):
        newest = index - (lag if isinstance(lag, int) else lag(index))
        while seen <= min(newest, len(members) - 1):
            filled += members[seen] and placed[seen] == now
            seen += 1
            if filled == population:
                now, filled = now + 1, 0
        placed.append(now)
    return placed
