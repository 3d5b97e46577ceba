"""Sizes and weights of the pyramid levels; plain arithmetic, no torch."""

from collections.abc import Sequence

SMALLEST_PX = 8  # below, a Sobel response is mostly frame, and exactly zero at 1x1


def level_side(side: int, *, level: int, ratio: float) -> int:
    """Return max(1, round(side * ratio**level)), half to even; level 0 is full size.

    Example:
        >>> [level_side(65, level=k, ratio=0.5) for k in range(3)]
        [65, 32, 16]
    """
    return max(1, round(side * ratio**level))


def scale_weights(
    kind: str | Sequence[float], *, levels: int, growth: float = 1.0
) -> tuple[float, ...]:
    """Return weights of the levels, finest first, that sum to 1.

    Args:
        kind: "equal", "geometric" (each level weighs `growth` times the next finer one), or the
            weights themselves.
        levels: Number of levels.
        growth: Only for "geometric".

    Example:
        >>> scale_weights("geometric", levels=3, growth=2.0)
        (0.14285714285714285, 0.2857142857142857, 0.5714285714285714)
    """
    if kind == "equal":
        raw = [1.0] * levels
    elif kind == "geometric":
        raw = [growth**level for level in range(levels)]
    else:
        raw = [float(weight) for weight in kind]
    total = sum(raw)
    return tuple(weight / total for weight in raw)
