"""Ids of places on a page."""

import re


def anchor(name: str, number: int) -> str:
    """An id that an address can hold.

    Example:
        >>> anchor("scale ratio?", 2)
        'q2-scale-ratio'
    """
    return f"q{number}-{re.sub(r'[^A-Za-z0-9_]+', '-', name).strip('-')}"
