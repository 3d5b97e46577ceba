"""Infrared-visible pairs: generated ones, and real ones in their published layouts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ablate.data.pairs import PairSet
    from ablate.data.problems import Problem


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
    from ablate.data.problems import in_lines
    from ablate.errors import DataError
    from ablate.settings.data import DataSettings
    from ablate.settings.setting import made

    used = made(DataSettings, _of_training(settings), at="data")
    limits = {"train": used.limit_train, "val": used.limit_val, "test": used.limit_test}
    pairs = make(settings)
    if pairs.problems:
        raise DataError("\n".join(in_lines(_all_problems(pairs))))
    empty = [split for split in SPLITS if not pairs.stems(split)]
    if empty:
        raise DataError(
            f"{pairs.manifest.label}: no pairs for {', '.join(empty)} (has "
            f"{sum(pairs.manifest.counts.values())} in all); add pairs or change the shares"
        )
    pairs = pairs.limited({split: n for split, n in limits.items() if n is not None})
    return pairs.padded(settings["crop"]) if used.small == "pad" else pairs


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
    from ablate.settings.setting import made

    if "name" not in settings:
        raise ConfigError(f"data.name: not set; {nearest('', DATASETS)}")
    name = settings["name"]
    maker = DATASETS.get(name, where="data.name")
    of_training = _of_training(settings)
    given = {
        key: value
        for key, value in settings.items()
        if key != "name" and key not in of_training and value is not None
    }
    if own := DATASETS.settings_class(name):
        return maker(made(own, {**of_training, **given}, at="data", of=name))
    known = inspect.signature(maker).parameters
    faults = [
        f"data.{key}: no such setting of {name}; {nearest(key, known)}"
        for key in given
        if key not in known
    ]
    if faults:
        raise ConfigError(*faults)
    return maker(**given)


def _of_training(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a section that every data set has: crop, small, limit."""
    from ablate.settings.data import DataSettings
    from ablate.settings.setting import settings_of

    shared = {path.partition(".")[0] for path in settings_of(DataSettings)}
    return {name: value for name, value in settings.items() if name in shared}


def _all_problems(pairs: "PairSet") -> "list[Problem]":
    """Return the known problems and those that decoding finds: the set is refused anyway."""
    from ablate.data import decode
    from ablate.data.problems import Problem
    from ablate.errors import DataError

    problems = list(pairs.problems)
    known = {problem.file for problem in problems}
    for path, scaling in (
        one
        for both in pairs.files.values()
        for one in zip(both, pairs.scalings, strict=True)
        if one[0] not in known
    ):
        try:
            decode.grey(path, levels=scaling.levels)
        except DataError as error:
            problems.append(Problem.of(path, error))
    return problems
