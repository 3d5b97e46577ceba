"""The contract of a data set: aligned pairs of bytes in three splits, and a lasting manifest."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ablate import data
from ablate.contracts.trying import MissingError, check_settings, own_settings
from ablate.data.contract import DATASETS
from ablate.data.pairs import SPLITS, Pair, PairSet
from ablate.errors import DataError

LOOKED_AT = 3  # pairs of each split


def faults(name: str, settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield every broken part of the contract of one data set.

    Args:
        name: The data set.
        settings: Its own.

    Raises:
        MissingError: Its files are not here, or it has settings without defaults.
    """
    given = own_settings(settings)
    check_settings(DATASETS.get(name), given)
    try:
        made: list[Any] = [data.make({"name": name, **given}) for _ in range(2)]
    except DataError as error:
        raise MissingError(f"its files are not here ({error})") from None
    pairs, again = made
    if not isinstance(pairs, PairSet):
        yield f"returned a {type(pairs).__name__}; return ablate.data.pairs.PairSet"
        return
    if pairs.problems:
        raise MissingError(f"its files are not whole ({pairs.problems[0]})")
    empty = [split for split in SPLITS if not pairs.stems(split)]
    if empty:
        yield f"has no pairs for {', '.join(empty)}; give every split some"
        return
    if pairs.manifest.hash != again.manifest.hash:
        yield "made twice it has two manifest hashes; derive them from the contents alone"
    for split in SPLITS:
        if tuple(pairs.manifest.splits.get(split, ())) != pairs.stems(split):
            yield f"its manifest has other pairs in {split} than the set; give both the same splits"
    if not pairs.manifest.files:
        yield "its manifest hashes nothing; name files (or generator settings) and their hashes"
    for stem in (stem for split in SPLITS for stem in pairs.stems(split)[:LOOKED_AT]):
        pair = pairs.read(stem)
        broken = _pair_fault(pair, stem)
        if broken:
            yield broken
            return
        same = again.read(stem)
        if not (
            np.array_equal(pair.infrared, same.infrared)
            and np.array_equal(pair.visible, same.visible)
        ):
            yield f"{stem} read twice has two contents; draw from a generator that the name seeds"
            return


def _pair_fault(pair: Any, stem: str) -> str | None:
    """The error of one pair, None where it has none."""
    if not isinstance(pair, Pair):
        return f"reading {stem} gave a {type(pair).__name__}; return ablate.data.pairs.Pair"
    if pair.stem != stem:
        return f"reading {stem} gave the pair {pair.stem!r}; return the one that was asked for"
    for name, image in (("infrared", pair.infrared), ("visible", pair.visible)):
        if image.dtype != np.uint8 or image.ndim != 2:
            return (
                f"{stem}: {name} is {image.dtype} with {image.ndim} axes; return uint8 of "
                "(height, width)"
            )
    if pair.infrared.shape != pair.visible.shape:
        return (
            f"{stem}: infrared is {pair.infrared.shape}, visible {pair.visible.shape}; register "
            "them to one shape"
        )
    return None
