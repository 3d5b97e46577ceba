"""Infrared-visible pairs: generated ones, and real ones in their published layouts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ablate.data.pairs import PairSet

OF_TRAINING = ("crop",)  # settings of the data section that are not the maker's


def load(settings: Mapping[str, Any]) -> "PairSet":
    """Return the pairs that the data section of the settings describes.

    Raises:
        UnknownNameError: No data set has that name.
        ConfigError: A setting is unknown to it.
        DataError: All faults of the files together, or a split without pairs.
    """
    from ablate.data.pairs import SPLITS
    from ablate.errors import DataError

    pairs = make(settings)
    empty = [split for split in SPLITS if not pairs.stems(split)]
    if empty:
        raise DataError(
            f"{pairs.manifest.label}: no pairs for {', '.join(empty)} (has "
            f"{sum(pairs.manifest.counts.values())} in all); add pairs or change the shares"
        )
    return pairs


def make(settings: Mapping[str, Any]) -> "PairSet":
    """Return what `load` returns, splits without pairs included: for looking at small sets.

    Raises:
        UnknownNameError: No data set has that name.
        ConfigError: A setting is unknown to it.
        DataError: All faults of the files together.
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
