"""The checks that the settings of networks share."""

from collections.abc import Sequence

from ablate.errors import ConfigError
from ablate.settings.network import OF_NETWORKS
from ablate.settings.setting import settings_of


def check_at_least(low: int, **settings: int) -> None:
    """Raise ConfigError with a line for every setting that is below `low`.

    Example:
        >>> check_at_least(1, width=16, blocks=2)
    """
    faults = [
        f"model.{name}: must be at least {low}, got {value}"
        for name, value in settings.items()
        if value < low
    ]
    if faults:
        raise ConfigError(*faults)


def check_own(network: str, **settings: str) -> None:
    """Raise ConfigError unless each is a value that the setting of this network may have."""
    known = settings_of(OF_NETWORKS[network])
    faults = [
        f"model.{name}: {text}"
        for name, value in settings.items()
        if (text := known[name].fault(value, {}))
    ]
    if faults:
        raise ConfigError(*faults)


def per_stage(setting: str, given: int | Sequence[int], *, stages: int) -> list[int]:
    """Return one whole number per stage; a single one stands for all of them.

    Raises:
        ConfigError: The list has another length, or a number below 1.

    Example:
        >>> per_stage("blocks", 2, stages=3)
        [2, 2, 2]
    """
    if isinstance(given, int):
        check_at_least(1, **{setting: given})
        return [given] * stages
    if len(given) != stages:
        raise ConfigError(
            f"model.{setting}: has {len(given)} numbers for {stages} stages (depth + 1); give one "
            "number for all of them or one for each"
        )
    for number in given:
        check_at_least(1, **{setting: number})
    return [int(number) for number in given]
