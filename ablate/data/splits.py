"""Fixed, disjoint splits; neighbouring frames stay together."""

import random
import re
from collections.abc import Sequence


def natural(stem: str) -> list[tuple[int, str]]:
    """Return a sort key under which img2 stands before img10."""
    parts = re.split(r"(\d+)", stem)
    return [(int(part) if part.isdecimal() else -1, part) for part in parts]


def carve(
    stems: Sequence[str], *, share: float, blocks: int = 4
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (rest, part): `part` is about `share` of the stems, in blocks of neighbours.

    Stems are sorted, numbers by value; the blocks are spread evenly, so that every stretch of a
    drive is seen, and frames next to each other do not stand on both sides except at a block's
    edge.

    Example:
        >>> carve([f"{n:02d}" for n in range(8)], share=0.25, blocks=2)
        (('00', '01', '02', '04', '05', '06'), ('03', '07'))
    """
    ordered = sorted(stems, key=natural)
    count = max(1, round(len(ordered) * share))
    blocks = min(blocks, count)
    part: list[str] = []
    for block in range(blocks):
        last = round(len(ordered) * (block + 1) / blocks)
        length = count * (block + 1) // blocks - count * block // blocks
        part += ordered[last - length : last]
    chosen = set(part)
    return tuple(stem for stem in ordered if stem not in chosen), tuple(part)


def evenly(stems: Sequence[str], *, count: int) -> tuple[str, ...]:
    """Return `count` of the stems, spaced evenly from the first to the last by name.

    The order of the names is the same on every machine, numbers by value; what is kept stays in
    the order given. One stem alone is the middle one.

    Example:
        >>> evenly(["img1", "img2", "img10", "img3", "img4"], count=3)
        ('img1', 'img10', 'img3')
    """
    ordered = sorted(stems, key=natural)
    last = len(ordered) - 1
    places = (
        [(2 * index * last + count - 1) // (2 * count - 2) for index in range(count)]
        if count > 1
        else [last // 2]
    )
    chosen = {ordered[place] for place in places}
    return tuple(stem for stem in stems if stem in chosen)


def redraw(
    stems: Sequence[str], *, count: int, seed: int, blocks: int = 4
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (rest, part): `part` has `count` stems in blocks of neighbours at random places.

    Every way to place the blocks without overlap is equally likely.

    Example:
        >>> rest, part = redraw([f"{n:02d}" for n in range(8)], count=2, seed=0, blocks=2)
        >>> len(rest), len(part)
        (6, 2)
    """
    ordered = sorted(stems, key=natural)
    blocks = max(1, min(blocks, count))
    free = len(ordered) - count
    # blocks among free stems: choose which of free + blocks places are blocks
    places = sorted(random.Random(seed).sample(range(free + blocks), blocks))
    part: list[str] = []
    for block, place in enumerate(places):
        length = count * (block + 1) // blocks - count * block // blocks
        first = place - block + len(part)
        part += ordered[first : first + length]
    chosen = set(part)
    return tuple(stem for stem in ordered if stem not in chosen), tuple(part)
