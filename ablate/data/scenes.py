"""Scenes: which images show one place in one take, and splits that never cut one.

Frames of a scene resemble each other, so they count as one case in a test of significance, and a
scene that stands in train and test makes the test easy.
"""

import csv
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ablate.data.splits import natural
from ablate.errors import DataError, one_line

FILE: Final = "groups.csv"
HEADER: Final = ("name", "group")


def alone(stems: Sequence[str]) -> dict[str, str]:
    """Return every image as a scene of its own."""
    return {stem: stem for stem in stems}


def by_number(stems: Sequence[str], *, gap: int) -> dict[str, str]:
    """Return stem -> scene: runs of neighbouring numbers under one name are one scene.

    The last number of a stem counts; what stands before it is the name. What stands behind it
    (day or night, D or N) splits a run as well. A stem without a number is a scene of its own.

    Args:
        stems: Of all splits together, so that a scene has one name everywhere.
        gap: Largest distance of two neighbours of one scene.

    Returns:
        Scenes are named by their first and last stem.

    Example:
        >>> by_number(["a01", "a02", "a09", "b1"], gap=3)
        {'a01': 'a01-a02', 'a02': 'a01-a02', 'a09': 'a09', 'b1': 'b1'}
    """
    named: dict[tuple[str, str], list[tuple[int, str]]] = {}
    found = {}
    for stem in stems:
        match = re.fullmatch(r"(.*?)(\d+)(\D*)", stem)
        if match is None:
            found[stem] = stem
        else:
            before, number, after = match.groups()
            named.setdefault((before, after), []).append((int(number), stem))
    for members in named.values():
        members.sort()
        run: list[tuple[int, str]] = []
        for at, member in enumerate(members):
            run.append(member)
            is_last = at + 1 == len(members) or members[at + 1][0] - member[0] > gap
            if is_last:
                first, last = run[0][1], run[-1][1]
                name = first if first == last else f"{first}-{last}"
                found |= {stem: name for _, stem in run}
                run = []
    return {stem: found[stem] for stem in stems}


def by_pattern(stems: Sequence[str], *, pattern: str) -> dict[str, str]:
    r"""Return stem -> scene: the first group of a regular expression, or all that it matches.

    Raises:
        DataError: It is not a regular expression, or a stem does not match.

    Example:
        >>> by_pattern(["park_01", "park_02", "street_01"], pattern=r"([a-z]+)_\d+")
        {'park_01': 'park', 'park_02': 'park', 'street_01': 'street'}
    """
    try:
        form = re.compile(pattern)
    except re.error as error:
        raise DataError(f"data.groups: {pattern!r} is not a regular expression: {error}") from None
    found = {stem: form.match(stem) for stem in stems}
    if missed := [stem for stem, match in found.items() if match is None]:
        raise DataError(
            f"data.groups: {pattern!r} does not match {len(missed)} of {len(stems)} names, for "
            f"example {missed[0]}; widen it"
        )
    return {stem: m.group(1 if form.groups else 0) or stem for stem, m in found.items() if m}


def from_file(file: Path, stems: Sequence[str]) -> dict[str, str]:
    """Return stem -> scene from a CSV file with the columns name and group.

    Raises:
        DataError: Every fault of the file: no such columns, a name twice in two groups, an image
            without a group.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
            names = tuple(rows[0]) if rows else HEADER
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file}: cannot be read: {one_line(str(error))}") from None
    if not set(HEADER) <= set(names):
        raise DataError(f"{file}: needs the columns {' and '.join(HEADER)}, has {', '.join(names)}")
    found: dict[str, str] = {}
    faults = []
    for number, row in enumerate(rows, start=2):
        name, group = (row["name"] or "").strip(), (row["group"] or "").strip()
        if not name or not group:
            faults.append(f"{file}:{number}: a name and a group belong on every line")
        elif found.setdefault(name, group) != group:
            faults.append(f"{file}:{number}: {name} stands in {found[name]} and in {group}")
    missing = [stem for stem in stems if stem not in found]
    if missing and not faults:
        faults.append(
            f"{file}: {len(missing)} of {len(stems)} images have no group, for example {missing[0]}"
        )
    if faults:
        raise DataError(*faults)
    return {stem: found[stem] for stem in stems}


def carve_scenes(
    stems: Sequence[str], *, scenes: Mapping[str, str], count: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (rest, part): `part` has about `count` stems, whole scenes, evenly spread.

    Scenes are taken from evenly spaced places in the order of their names until `count` is reached
    as nearly as whole scenes allow; at least one scene stays on each side.

    Raises:
        DataError: There is one scene only.

    Example:
        >>> scenes = {"a1": "a", "a2": "a", "b1": "b", "c1": "c", "c2": "c"}
        >>> carve_scenes(list(scenes), scenes=scenes, count=2)
        (('b1', 'c1', 'c2'), ('a1', 'a2'))
    """
    members = _members(stems, scenes)
    places = max(1, round(count * len(members) / len(stems)))
    spread = [(2 * at + 1) * len(members) // (2 * places) for at in range(places)]
    order = [list(members)[at] for at in dict.fromkeys(spread)]
    order += [name for name in members if name not in order]
    return _taken(stems, members, order, count=count)


def redraw_scenes(
    stems: Sequence[str], *, scenes: Mapping[str, str], count: int, seed: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (rest, part): `part` has about `count` stems, whole scenes in a random order.

    Raises:
        DataError: There is one scene only.
    """
    members = _members(stems, scenes)
    order = list(members)
    random.Random(seed).shuffle(order)
    return _taken(stems, members, order, count=count)


def across(splits: Mapping[str, Sequence[str]], scenes: Mapping[str, str]) -> dict[str, list[str]]:
    """Return scene -> splits, of the scenes that stand in several splits.

    Example:
        >>> across({"train": ["a1"], "test": ["a2", "b1"]}, {"a1": "a", "a2": "a", "b1": "b"})
        {'a': ['train', 'test']}
    """
    found: dict[str, list[str]] = {}
    for split, stems in splits.items():
        for scene in dict.fromkeys(scenes[stem] for stem in stems):
            found.setdefault(scene, []).append(split)
    return {scene: names for scene, names in found.items() if len(names) > 1}


def _members(stems: Sequence[str], scenes: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for stem in sorted(stems, key=natural):
        found.setdefault(scenes[stem], []).append(stem)
    if len(found) < 2:
        raise DataError(
            f"splits: all {len(stems)} images show one scene, which a split may not cut; name the "
            "splits in files, or the scenes in data.groups"
        )
    return found


def _taken(
    stems: Sequence[str], members: Mapping[str, Sequence[str]], order: Sequence[str], *, count: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Take scenes in an order, each where it brings the number nearer to `count`."""
    part: set[str] = set()
    for name in order:
        new = len(part) + len(members[name])
        is_nearer = abs(new - count) < abs(len(part) - count)
        if (is_nearer or not part) and new < len(stems):
            part |= set(members[name])
    ordered = sorted(stems, key=natural)
    return (
        tuple(stem for stem in ordered if stem not in part),
        tuple(stem for stem in ordered if stem in part),
    )
