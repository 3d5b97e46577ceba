"""Where an interval lies against the smallest effect of interest."""


def is_equivalent(*, low: float, high: float, margin: float) -> bool:
    """Return whether the whole interval lies inside +-margin.

    Source:
        Two one-sided tests, Schuirmann 1987; a 95 % interval tests at 2.5 % each side.

    Example:
        >>> is_equivalent(low=-0.1, high=0.2, margin=0.25)
        True
    """
    return -margin < low and high < margin


def is_non_inferior(*, low: float, margin: float) -> bool:
    """Return whether a difference, larger meaning better, is shown not to fall below -margin.

    Example:
        >>> is_non_inferior(low=-0.3, margin=0.25)
        False
    """
    return low > -margin
