"""Groups: which images show one scene, video or patient, and splits that never cut one.

Images of a group resemble each other, so they count as one case in a test of significance, and a
group that stands in train and test makes the test easy.
"""

import csv
import random
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from ablate.data.splits import natural, redraw
from ablate.errors import DataError, one_line

FILE: Final = "groups.csv"
HEADER: Final = ("name", "group")
AUTO, NONE = "auto", "none"
Rule: TypeAlias = Callable[[Sequence[str]], dict[str, str]]  # stems -> group of each


def groups_of(
    stems: Sequence[str], *, setting: str, rule: Rule | None, folder: Path | None
) -> dict[str, str]:
    """Return the group of every image, nothing where each image stands for itself.

    Args:
        stems: Of all splits together.
        setting: `data.groups`: "auto" takes groups.csv of the folder, else the rule of the data
            set; "none", the name of a CSV file, or a regular expression.
        rule: Of the data set, where it has one.
        folder: Of the data set, which the file's name is relative to.

    Raises:
        DataError: The file or the expression is wrong, or an image is without a group.
    """
    if setting == NONE:
        return {}
    if setting == AUTO:
        if folder is not None and (folder / FILE).is_file():
            return from_file(folder / FILE, stems)
        return rule(stems) if rule else {}
    if setting.endswith(".csv"):
        file = Path(setting).expanduser()
        return from_file(folder / file if folder else file, stems)
    return by_pattern(stems, pattern=setting)


def by_number(stems: Sequence[str], *, gap: int = 7, longest: int = 60) -> dict[str, str]:
    """Return stem -> group: runs of neighbouring numbers under one name are one group.

    A run that spans more than `longest` numbers is cut into stretches of equal length: where a set
    is so dense that numbers do not tell its scenes apart, frames far from each other still count
    as different cases.

    The last number of a stem counts; what stands before it is the name. What stands behind it
    (day or night, D or N) splits a run as well. A stem without a number is a group of its own.

    Args:
        stems: Of all splits together, so that a group has one name everywhere.
        gap: Largest distance of two neighbours of one group.
        longest: Largest number of numbers that one group spans.

    Returns:
        Groups are named by their first and last stem.

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
        for run in _runs(sorted(members), gap=gap):
            for part in _stretches(run, longest=longest):
                first, last = part[0][1], part[-1][1]
                name = first if first == last else f"{first}-{last}"
                found |= {stem: name for _, stem in part}
    return {stem: found[stem] for stem in stems}


def _runs(members: Sequence[tuple[int, str]], *, gap: int) -> list[list[tuple[int, str]]]:
    runs: list[list[tuple[int, str]]] = []
    for member in members:
        if runs and member[0] - runs[-1][-1][0] <= gap:
            runs[-1].append(member)
        else:
            runs.append([member])
    return runs


def _stretches(run: Sequence[tuple[int, str]], *, longest: int) -> list[list[tuple[int, str]]]:
    """Cut a run into the fewest stretches of equal length that span no more than `longest`."""
    span = run[-1][0] - run[0][0] + 1
    count = -(-span // longest)
    parts: list[list[tuple[int, str]]] = [[] for _ in range(count)]
    for number, stem in run:
        parts[(number - run[0][0]) * count // span].append((number, stem))
    return [part for part in parts if part]


def by_pattern(stems: Sequence[str], *, pattern: str) -> dict[str, str]:
    r"""Return stem -> group: the first group of a regular expression, or all that it matches.

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
    """Return stem -> group from a CSV file with the columns name and group.

    Raises:
        DataError: Every fault of the file: no such columns, a name twice in two groups, an image
            without a group.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            rows, names = list(reader), tuple(reader.fieldnames or HEADER)
    except FileNotFoundError:
        raise DataError(
            f"{file}: no such file; data.groups names a CSV file with the columns name and group, "
            "whose path is taken from the folder of the data set"
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{file}: cannot be read ({one_line(str(error))}); write a CSV file with the columns "
            "name and group"
        ) from None
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


def carve_groups(
    stems: Sequence[str], *, groups: Mapping[str, str], count: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (rest, part): `part` has about `count` stems, whole groups, evenly spread.

    Scenes are taken from evenly spaced places in the order of their names until `count` is reached
    as nearly as whole groups allow; at least one group stays on each side.

    Raises:
        DataError: There is one group only.

    Example:
        >>> groups = {"a1": "a", "a2": "a", "b1": "b", "c1": "c", "c2": "c"}
        >>> carve_groups(list(groups), groups=groups, count=2)
        (('b1', 'c1', 'c2'), ('a1', 'a2'))
    """
    members = _members(stems, groups)
    places = max(1, round(count * len(members) / len(stems)))
    spread = [(2 * at + 1) * len(members) // (2 * places) for at in range(places)]
    order = [list(members)[at] for at in dict.fromkeys(spread)]
    order += [name for name in members if name not in order]
    return _taken(stems, members, order, count=count)


def redraw_groups(
    stems: Sequence[str], *, groups: Mapping[str, str], count: int, seed: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (rest, part): `part` has about `count` stems, whole groups in a random order.

    Raises:
        DataError: There is one group only.
    """
    members = _members(stems, groups)
    order = list(members)
    random.Random(seed).shuffle(order)
    return _taken(stems, members, order, count=count)


def drawn_anew(
    stems: Sequence[str], *, groups: Mapping[str, str], count: int, seed: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (rest, part) by `redraw_groups`; by `redraw` where less than two groups are known."""
    if len({groups.get(stem) for stem in stems}) < 2:
        return redraw(stems, count=count, seed=seed)
    return redraw_groups(stems, groups=groups, count=count, seed=seed)


def without(
    splits: Mapping[str, Sequence[str]], groups: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Return the splits without the images whose group stands in a later one: train, val, test.

    Example:
        >>> without({"train": ["a1", "c1"], "test": ["a2"]}, {"a1": "a", "a2": "a", "c1": "c"})
        {'train': ('c1',), 'test': ('a2',)}
    """
    taken: set[str] = set()
    kept: dict[str, tuple[str, ...]] = {}
    for split in reversed(list(splits)):
        kept[split] = tuple(stem for stem in splits[split] if groups[stem] not in taken)
        taken |= {groups[stem] for stem in splits[split]}
    return {split: kept[split] for split in splits}


def across(splits: Mapping[str, Sequence[str]], groups: Mapping[str, str]) -> dict[str, list[str]]:
    """Return group -> splits, of the groups that stand in several splits.

    Example:
        >>> across({"train": ["a1"], "test": ["a2", "b1"]}, {"a1": "a", "a2": "a", "b1": "b"})
        {'a': ['train', 'test']}
    """
    found: dict[str, list[str]] = {}
    for split, stems in splits.items():
        for group in dict.fromkeys(groups[stem] for stem in stems):
            found.setdefault(group, []).append(split)
    return {group: names for group, names in found.items() if len(names) > 1}


def _members(stems: Sequence[str], groups: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for stem in sorted(stems, key=natural):
        found.setdefault(groups[stem], []).append(stem)
    if len(found) < 2:
        raise DataError(
            f"splits: all {len(stems)} images show one group, which a split may not cut; name the "
            "splits in files, or the groups in data.groups"
        )
    return found


def _taken(
    stems: Sequence[str], members: Mapping[str, Sequence[str]], order: Sequence[str], *, count: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Take groups in an order, each where it brings the number nearer to `count`."""
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
