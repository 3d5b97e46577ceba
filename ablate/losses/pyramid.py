"""Sizes and weights of the pyramid levels; plain arithmetic, no torch."""

from collections.abc import Sequence

SMALLEST_PX = 8  # below, a Sobel response is mostly frame, and exactly zero at 1x1


def level_scales(kind: str | Sequence[float], *, levels: int, ratio: float) -> tuple[float, ...]:
    """Return the size of each level relative to full size, finest first.

    Args:
        kind: "powers" (of the ratio) or the scales themselves.
        levels: Number of levels.
        ratio: Only for "powers".

    Example:
        >>> level_scales("powers", levels=3, ratio=0.5)
        (1.0, 0.5, 0.25)
    """
    if isinstance(kind, str):
        return tuple(float(ratio**level) for level in range(levels))
    return tuple(float(scale) for scale in kind)


def level_side(side: int, *, scale: float) -> int:
    """Return max(1, round(side * scale)), half to even.

    Example:
        >>> [level_side(65, scale=scale) for scale in (1.0, 0.5, 0.25)]
        [65, 32, 16]
    """
    return max(1, round(side * scale))


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
