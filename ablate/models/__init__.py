"""Fusion networks, one file each, and the network-free probe."""

from typing import Any


def build(settings: dict[str, Any]) -> Any:
    """Return the network that `settings` (name and its own keywords) describes.

    Raises:
        UnknownNameError: No network has that name.
        ConfigError: A setting is unknown or out of range.
    """
    import inspect

    from ablate.errors import ConfigError, nearest
    from ablate.models.contract import MODELS

    rest = {key: value for key, value in settings.items() if key != "name"}
    model = MODELS.get(str(settings.get("name")), where="model.name")
    known = list(inspect.signature(model).parameters)
    faults = [
        f"model.{key}: no such setting of {settings['name']}; {nearest(key, known)}"
        for key in rest
        if key not in known
    ]
    if faults:
        raise ConfigError(*faults)
    return model(**rest)
