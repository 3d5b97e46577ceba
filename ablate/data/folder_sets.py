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


def published(
    root: Path,
    *,
    facts: Facts,
    splits: str | None,
    val_share: float,
    group: Callable[[str], str] | None = None,
) -> PairSet:
    """Return a set whose authors split it into train and test; val is carved from train.

    Args:
        root: Folder with both splits, in either order of modality and split.
        facts: Title and official counts.
        splits: Split files that go before the folders, see `read_splits`.
        val_share: Part of train that becomes val.
        group: Kind of a stem; val is carved from each kind apart.
    """
    found, problems = arrangement(root)
    if not problems:
        problems = [
            Problem(
                file=root,
                what=f"no {split} folder with infrared and visible images",
                mend=f"expected {facts.layout}",
            )
            for split in ("train", "test")
            if split not in found
        ]
    files, named, more = gather({split: both for split, both in found.items() if split})
    return divided(
        files,
        [*problems, *more],
        facts=facts,
        named=named,
        splits=splits,
        test_share=0.0,
        val_share=val_share,
        group=group,
    )


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
    *,
    facts: Facts,
    named: Mapping[str, tuple[str, ...]] | None = None,
    splits: str | None,
    test_share: float,
    val_share: float,
    group: Callable[[str], str] | None = None,
) -> PairSet:
    """Return the set of some pairs, split as files say, as its folders say, or by blocks.

    Args:
        files: All pairs.
        problems: Faults found so far.
        facts: Title and official counts.
        named: Stems of the splits that the folders tell.
        splits: Split files that go before them, see `read_splits`.
        test_share: Part that becomes test where nothing names it.
        val_share: Part of train that becomes val where nothing names it.
        group: Kind of a stem; val is carved from each kind apart.

    Raises:
        DataError: `splits` is no file and holds none.
    """
    listed: dict[str, tuple[str, ...]] = {}
    if splits:
        place = Path(splits).expanduser()
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
        test_share=test_share,
        val_share=val_share,
        group=group,
    )
    label = facts.label({split: len(divided[split]) for split in SPLITS})
    return pair_set(files, problems, label=label, splits=divided)
