"""Power of the paired t test over blocks, and how many blocks a claim needs at least."""

import math
from collections.abc import Callable

ALPHA = 0.05
POWER = 0.8
MOST_BLOCKS = 10_000


def paired_power(*, effect: float, blocks: int, alpha: float = ALPHA) -> float:
    """Return the chance that a two-sided paired t test over blocks rejects.

    Args:
        effect: Cohen's d_z, the mean paired difference over its standard deviation; its sign
            does not matter.
        blocks: Number of pairs, at least 2.
        alpha: Level of the test, in (0, 1).

    Source:
        Cohen 1988, Statistical Power Analysis, ch. 2; the test statistic follows the noncentral t
        distribution with blocks - 1 degrees of freedom and noncentrality d_z sqrt(blocks).

    Example:
        >>> round(paired_power(effect=1.16, blocks=8), 2)
        0.8
    """
    shift = abs(effect) * math.sqrt(blocks)
    return t_power(shift=shift, freedom=blocks - 1, alpha=alpha)


def t_power(*, shift: float, freedom: float, alpha: float = ALPHA) -> float:
    """Return the chance that a two-sided t test rejects.

    Args:
        shift: The true effect over its standard error, 0 or more.
        freedom: Degrees of freedom.
        alpha: Level of the test, in (0, 1).

    Example:
        >>> round(t_power(shift=0.0, freedom=7.0, alpha=0.05), 9)
        0.05
    """
    from scipy.special import stdtrit

    critical = float(stdtrit(freedom, 1 - alpha / 2))
    return 1 - _below(critical, freedom, shift) + _below(-critical, freedom, shift)


def detectable_effect(*, blocks: int, alpha: float = ALPHA, power: float = POWER) -> float:
    """Return the smallest d_z that a two-sided paired t test finds with the given power.

    Args:
        blocks: Number of pairs; below 2 nothing can be found and the answer is infinite.
        alpha: Level of the test, in (0, 1).
        power: Chance to find it, in (alpha, 1).

    Example:
        >>> round(detectable_effect(blocks=8), 2)
        1.16
    """
    if blocks < 2:
        return math.inf
    return least(lambda effect: paired_power(effect=effect, blocks=blocks, alpha=alpha) >= power)


def blocks_needed(*, effect: float, alpha: float = ALPHA, power: float = POWER) -> int | None:
    """The fewest blocks that find an effect with the given power; None above 10,000.

    Example:
        >>> blocks_needed(effect=1.2), blocks_needed(effect=0.0)
        (8, None)
    """
    return fewest(lambda blocks: paired_power(effect=effect, blocks=blocks, alpha=alpha) >= power)


def least(is_enough: Callable[[float], bool]) -> float:
    """The least positive number that is enough, to 1 part in 10^9; all larger ones must be.

    Example:
        >>> round(least(lambda number: number**2 >= 2), 6)
        1.414214
    """
    low, high = 0.0, 1.0
    while not is_enough(high):
        low, high = high, high * 2
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def fewest(is_enough: Callable[[int], bool], *, most: int = MOST_BLOCKS) -> int | None:
    """The least whole number from 2 that is enough; None where `most` may be too few.

    Example:
        >>> fewest(lambda number: number**2 >= 50), fewest(lambda number: False)
        (8, None)
    """
    low, high = 1, 2
    while not is_enough(high):
        low, high = high, high * 2
        if high > most:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def smallest_p(blocks: int) -> float:
    """Return the smallest two-sided p that the exact sign-flip test can give: 2 / 2^blocks.

    Example:
        >>> smallest_p(5), smallest_p(6)
        (0.0625, 0.03125)
    """
    return min(1.0, 2.0 ** (1 - blocks))


def fewest_blocks(alpha: float = ALPHA, *, family: int = 1) -> int:
    """Return the fewest blocks with which the exact sign-flip test can reject at alpha.

    Args:
        alpha: Level of the family.
        family: How many tests Holm corrects together: the first one is compared with alpha over
            their number.

    Example:
        >>> fewest_blocks(0.05), fewest_blocks(0.05, family=12)
        (6, 9)
    """
    return max(2, math.floor(1 - math.log2(alpha / family)) + 1)


def _below(point: float, freedom: float, shift: float) -> float:
    """Return P(T < point) of the noncentral t; scipy has NaN where it is below 1e-15, here 0."""
    from scipy.special import nctdtr

    chance = float(nctdtr(freedom, shift, point))
    return 0.0 if math.isnan(chance) else chance
