"""Data sets in folders: with a split of their authors, or without one."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ablate.data.facts import Facts
from ablate.data.folder_pairs import Files, pair_set, pair_up
from ablate.data.groups import Rule, carve_groups, groups_of, without
from ablate.data.layout import Sides, arrangement
from ablate.data.pairs import SPLITS, PairSet
from ablate.data.problems import Problem
from ablate.data.split_files import read_splits
from ablate.data.splits import carve, natural
from ablate.settings.data import OwnSplit, PublishedSplit
from ablate.settings.sources import INFRARED_VISIBLE, Sources


def published(
    root: Path,
    settings: PublishedSplit,
    *,
    facts: Facts,
    rule: Rule | None = None,
    kind: Callable[[str], str] | None = None,
) -> PairSet:
    """Return a set whose authors split it into train and test; val is carved from train.

    Args:
        root: Folder with both splits, in either order of modality and split.
        settings: Split files that go before the folders (see `read_splits`), and the part of
            train that becomes val.
        facts: Title and official counts.
        rule: Which images show one scene, where no file of the folder says so.
        kind: Kind of a stem; val is carved from each kind apart.
    """
    sources = Sources(*settings.sources)
    found, problems = arrangement(root, sources)
    if not problems:
        problems = [
            Problem(
                file=root,
                what=f"no {split} folder with {' and '.join(sources)} images",
                fix=f"expected {facts.layout}",
            )
            for split in ("train", "test")
            if split not in found
        ]
    files, named, more = gather({split: both for split, both in found.items() if split}, sources)
    return divided(
        files,
        [*problems, *more],
        settings,
        facts=facts,
        folder=root,
        named=named,
        rule=rule,
        kind=kind,
    )


def gather(
    found: Mapping[str, Sides], sources: Sources = INFRARED_VISIBLE
) -> tuple[Files, dict[str, tuple[str, ...]], list[Problem]]:
    """Return the pairs of all splits by stem, the stems of each split, and the problems.

    Where two splits use one stem, all keys get the split before (train-1, test-1): numbers that
    start anew. Whether the images are the same is for `verify` to see.
    """
    by_split: dict[str, Files] = {}
    problems: list[Problem] = []
    for split, both in found.items():
        by_split[split], more = pair_up(both, sources)
        problems += more
    stems = [stem for files in by_split.values() for stem in files]
    starts_anew = len(set(stems)) < len(stems)
    keyed = {
        split: {f"{split}-{stem}" if starts_anew else stem: paths for stem, paths in files.items()}
        for split, files in by_split.items()
    }
    files = {stem: paths for part in keyed.values() for stem, paths in part.items()}
    named = {split: tuple(part) for split, part in keyed.items() if part}
    return files, named, problems


def divided(
    files: Files,
    problems: list[Problem],
    settings: PublishedSplit,
    *,
    facts: Facts,
    folder: Path | None,
    named: Mapping[str, tuple[str, ...]] | None = None,
    rule: Rule | None = None,
    kind: Callable[[str], str] | None = None,
) -> PairSet:
    """Return the set of some pairs, split as files say, as its folders say, or by blocks.

    Where groups are known (`settings.groups`), none is cut by us unless there is only one. A split
    of the authors stays as it is where the set has their counts, so that results stay comparable;
    of a part of such a set, pairs to train on leave whose group stands in the test part. Split
    files are never changed.

    Args:
        files: All pairs.
        problems: Faults found so far.
        settings: Split files that go before the folders (see `read_splits`); the parts that become
            val, and test of an `OwnSplit`, where nothing names them; the groups.
        facts: Title and official counts.
        folder: Of the set, where groups.csv may lie.
        named: Stems of the splits that the folders tell.
        rule: Which images show one scene, where no file of the folder says so.
        kind: Kind of a stem; val is carved from each kind apart.

    Raises:
        DataError: `settings.splits` is neither a split file nor a folder with some; groups that
            cannot be read.
    """
    listed: dict[str, tuple[str, ...]] = {}
    if settings.splits:
        place = Path(settings.splits).expanduser()
        listed, more = read_splits(place, title=facts.title, stems=files)
        problems = [*problems, *more]
    taken = {stem for stems in listed.values() for stem in stems}
    kept = {
        split: tuple(stem for stem in stems if stem not in taken)
        for split, stems in (named or {}).items()
        if split not in listed
    }
    stems = sorted(files, key=natural)
    groups = groups_of(stems, setting=settings.groups, rule=rule, folder=folder)
    splits = divide(
        stems,
        named=kept | listed,
        test_share=settings.test_share if isinstance(settings, OwnSplit) else 0.0,
        val_share=settings.val_share,
        groups=groups,
        kind=kind,
    )
    label = facts.label({split: len(splits[split]) for split in SPLITS})
    left_out: tuple[str, ...] = ()
    if groups and named and not listed and label != facts.title:
        whole = without(splits, groups)
        left_out = tuple(
            stem for part in SPLITS for stem in splits[part] if stem not in whole[part]
        )
        splits = whole
    return pair_set(
        files,
        problems,
        settings,
        label=label,
        splits=splits,
        groups=groups,
        left_out=left_out,
        folder=folder,
    )


def divide(
    stems: Sequence[str],
    *,
    named: Mapping[str, tuple[str, ...]],
    test_share: float,
    val_share: float,
    groups: Mapping[str, str] | None = None,
    kind: Callable[[str], str] | None = None,
) -> dict[str, tuple[str, ...]]:
    """Return train, val and test: what is named stays, the rest is carved in blocks or groups.

    Without a named train, that is what no other split names; without a named test, what no other
    names, or a share of train when every stem is named; without a named val, a share of train.

    Args:
        stems: All pairs.
        named: Stems of the splits that are given.
        test_share: Part that becomes test.
        val_share: Part of train that becomes val.
        groups: Group of every stem: whole groups are carved; empty, or one group: blocks of
            neighbours.
        kind: Kind of a stem; val is carved from each kind apart, a group being of the kind of its
            first stem. A kind with one group stays in train.

    Example:
        >>> divide("abcd", named={"test": ("d",)}, test_share=0.5, val_share=0.3)
        {'train': ('a', 'b'), 'val': ('c',), 'test': ('d',)}
    """
    taken = {stem for part in named.values() for stem in part}
    rest = tuple(stem for stem in stems if stem not in taken)
    train, test = named.get("train", rest), named.get("test", ())
    if "test" not in named:
        if "train" in named and rest:
            test = rest
        elif train:
            train, test = _carved(train, share=test_share, groups=groups)
    if "val" in named:
        return {"train": train, "val": named["val"], "test": test}
    kept: list[str] = []
    val: list[str] = []
    kinds = _kinds(train, groups=groups or {}, kind=kind)
    for members in kinds:
        if groups and len(kinds) > 1 and len({groups[stem] for stem in members}) < 2:
            kept += members
            continue
        others, part = _carved(members, share=val_share, groups=groups)
        kept += others
        val += part
    return {"train": tuple(kept), "val": tuple(val), "test": test}


def _kinds(
    stems: Sequence[str], *, groups: Mapping[str, str], kind: Callable[[str], str] | None
) -> list[list[str]]:
    """Return the stems of each kind; a group is of the kind of its first stem."""
    kinds: dict[str, list[str]] = {}
    of_group: dict[str, str] = {}
    for stem in stems:
        mine = kind(stem) if kind else ""
        if stem in groups:
            mine = of_group.setdefault(groups[stem], mine)
        kinds.setdefault(mine, []).append(stem)
    return [kinds[name] for name in sorted(kinds, key=lambda name: (not name, name))]


def _carved(
    stems: Sequence[str], *, share: float, groups: Mapping[str, str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not groups or len({groups[stem] for stem in stems}) < 2:
        return carve(stems, share=share)
    return carve_groups(stems, groups=groups, count=max(1, round(len(stems) * share)))
