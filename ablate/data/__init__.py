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
        DataError: All faults of the files together.
    """
    import inspect

    from ablate.data.contract import DATASETS
    from ablate.errors import ConfigError, nearest

    make = DATASETS.get(settings["name"], where="data.name")
    known = inspect.signature(make).parameters
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
    return make(**given)
