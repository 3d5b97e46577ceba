"""A further test set: pairs that trained weights are scored on, and that nothing is trained on."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ablate import data
from ablate.data.pairs import SPLITS, PairSet
from ablate.data.problems import in_lines
from ablate.data.splits import evenly, natural
from ablate.errors import DataError


def load(section: Mapping[str, Any], *, part: str = "test", at: str = "data") -> PairSet:
    """Return a set whose pairs all stand in the split test.

    Args:
        section: Settings of a data set as of the section `data`; of `limit` only test counts.
        part: "test" as the set is split, or "all" of its pairs.
        at: Where the section stands, for messages.

    Raises:
        UnknownNameError: No data set has that name.
        ConfigError: A setting is unknown to it.
        DataError: All faults of its files together, or no pairs.
    """
    try:
        pairs = data.make({key: value for key, value in section.items() if key != "limit"})
    except DataError as error:
        raise DataError(f"{at}: {str(error).removeprefix('data.')}") from None
    if pairs.problems:
        raise DataError("\n".join(f"{at}: {line}" for line in in_lines(pairs.problems)))
    splits = ("test",) if part == "test" else SPLITS
    stems = [stem for split in splits for stem in pairs.stems(split)]
    if part == "all":
        stems = sorted([*stems, *pairs.left_out], key=natural)
    if not stems:
        raise DataError(f"{at}: {pairs.manifest.label} has no test pairs; add some, or part: all")
    limit = (section.get("limit") or {}).get("test")
    if limit is not None and limit > len(stems):
        raise DataError(f"{at}.limit: asks for {limit} test pairs, it has {len(stems)}; lower it")
    found = pairs.to_test_on(evenly(stems, count=limit or len(stems)))
    if limit is not None and limit < len(stems):
        label = f"{found.manifest.label} (sample: {limit} of {len(stems)} test)"
        found.manifest = replace(found.manifest, label=label)
    return found


def folders_of(pairs: PairSet) -> set[Path]:
    """Return the folders that hold the files of a set."""
    return {path.parent.resolve() for both in pairs.files.values() for path in both}
