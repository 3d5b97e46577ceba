"""Data sets in folders: with a split of their authors, or without one."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ablate.data.facts import Facts
from ablate.data.folder_pairs import Files, pair_set, pair_up
from ablate.data.layout import Sides, arrangement
from ablate.data.pairs import SPLITS, PairSet
from ablate.data.problems import Problem
from ablate.data.split_files import read_splits
from ablate.data.splits import divide, natural
from ablate.settings.data import OwnSplit, PublishedSplit


def published(
    root: Path,
    settings: PublishedSplit,
    *,
    facts: Facts,
    group: Callable[[str], str] | None = None,
) -> PairSet:
    """Return a set whose authors split it into train and test; val is carved from train.

    Args:
        root: Folder with both splits, in either order of modality and split.
        settings: Split files that go before the folders (see `read_splits`), and the part of
            train that becomes val.
        facts: Title and official counts.
        group: Kind of a stem; val is carved from each kind apart.
    """
    found, problems = arrangement(root)
    if not problems:
        problems = [
            Problem(
                file=root,
                what=f"no {split} folder with infrared and visible images",
                fix=f"expected {facts.layout}",
            )
            for split in ("train", "test")
            if split not in found
        ]
    files, named, more = gather({split: both for split, both in found.items() if split})
    return divided(files, [*problems, *more], settings, facts=facts, named=named, group=group)


def gather(
    found: Mapping[str, Sides],
) -> tuple[Files, dict[str, tuple[str, ...]], list[Problem]]:
    """Return the pairs of all splits by stem, the stems of each split, and the problems.

    Where two splits use one stem, all keys get the split before (train-1, test-1): numbers that
    start anew. Whether the images are the same is for `verify` to see.
    """
    by_split: dict[str, Files] = {}
    problems: list[Problem] = []
    for split, both in found.items():
        by_split[split], more = pair_up(both)
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
    named: Mapping[str, tuple[str, ...]] | None = None,
    group: Callable[[str], str] | None = None,
) -> PairSet:
    """Return the set of some pairs, split as files say, as its folders say, or by blocks.

    Args:
        files: All pairs.
        problems: Faults found so far.
        settings: Split files that go before the folders (see `read_splits`); the parts that become
            val, and test of an `OwnSplit`, where nothing names them.
        facts: Title and official counts.
        named: Stems of the splits that the folders tell.
        group: Kind of a stem; val is carved from each kind apart.

    Raises:
        DataError: `settings.splits` is neither a split file nor a folder with some.
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
    divided = divide(
        sorted(files, key=natural),
        named=kept | listed,
        test_share=settings.test_share if isinstance(settings, OwnSplit) else 0.0,
        val_share=settings.val_share,
        group=group,
    )
    label = facts.label({split: len(divided[split]) for split in SPLITS})
    return pair_set(files, problems, label=label, splits=divided)
