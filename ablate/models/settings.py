"""The check that every network's whole-number settings share."""

from ablate.errors import ConfigError


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
