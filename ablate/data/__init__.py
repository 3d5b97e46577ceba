"""Infrared-visible pairs: generated ones, and real ones in their published layouts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ablate.data.pairs import PairSet
    from ablate.data.problems import Problem

OF_TRAINING = ("crop", "small", "limit")  # settings of the data section that are not the maker's
SMALL = ("refuse", "pad")  # what becomes of images smaller than the crop


def load(settings: Mapping[str, Any]) -> "PairSet":
    """Return the pairs that the data section of the settings describes.

    With `small: pad`, images smaller than `crop` are mirrored at their edges for training; val and
    test are scored as they are. The default `refuse` leaves them to the check of the crop.

    With `limit: {train: n, val: n, test: n}`, the set is an even sample of each split by name, and
    its manifest says so; a split that is left out stays whole.

    Raises:
        UnknownNameError: No data set has that name.
        ConfigError: A setting is unknown to it.
        DataError: All faults of the files together, a split without pairs, or with fewer than its
            limit.
    """
    from ablate.data.pairs import SPLITS
    from ablate.errors import ConfigError, DataError, nearest

    small = settings.get("small", "refuse")
    if small not in SMALL:
        raise ConfigError(f"data.small: no such way as {small!r}; {nearest(str(small), SMALL)}")
    limit = {split: n for split, n in (settings.get("limit") or {}).items() if n is not None}
    if unknown := [split for split in limit if split not in SPLITS]:
        raise ConfigError(f"data.limit.{unknown[0]}: no such split; {nearest(unknown[0], SPLITS)}")
    pairs = make(settings)
    if pairs.problems:
        raise DataError("\n".join(str(problem) for problem in _all_problems(pairs)))
    empty = [split for split in SPLITS if not pairs.stems(split)]
    if empty:
        raise DataError(
            f"{pairs.manifest.label}: no pairs for {', '.join(empty)} (has "
            f"{sum(pairs.manifest.counts.values())} in all); add pairs or change the shares"
        )
    pairs = pairs.limited(limit)
    return pairs.padded(settings["crop"]) if small == "pad" else pairs


def make(settings: Mapping[str, Any]) -> "PairSet":
    """Return the pairs with all their problems, splits without pairs included.

    Raises:
        UnknownNameError: No data set has that name.
        ConfigError: A setting is unknown to it.
        DataError: The folder or the split files are not there.
    """
    import inspect

    from ablate.data.contract import DATASETS
    from ablate.errors import ConfigError, nearest

    if "name" not in settings:
        raise ConfigError(f"data.name: not set; {nearest('', DATASETS)}")
    maker = DATASETS.get(settings["name"], where="data.name")
    known = inspect.signature(maker).parameters
    given = {
        key: value
        for key, value in settings.items()
        if key != "name" and key not in OF_TRAINING and value is not None
    }
    faults = [
        f"data.{key}: no such setting of {settings['name']}; {nearest(key, known)}"
        for key in given
        if key not in known
    ]
    if faults:
        raise ConfigError(*faults)
    return maker(**given)


def _all_problems(pairs: "PairSet") -> "list[Problem]":
    """Return the known problems and those that decoding finds: the set is refused anyway."""
    from ablate.data import decode
    from ablate.data.problems import Problem
    from ablate.errors import DataError

    problems = list(pairs.problems)
    known = {problem.file for problem in problems}
    for path in (path for both in pairs.files.values() for path in both if path not in known):
        try:
            decode.grey(path)
        except DataError as error:
            problems.append(Problem.of(path, error))
    return problems
