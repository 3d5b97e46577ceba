"""Fusion networks, one file each, and the network-free probe."""

from collections.abc import Mapping
from typing import Any


def build(settings: Mapping[str, Any]) -> Any:
    """Return the network that a section `model` (name and its own settings) describes.

    Settings that a recorded section lacks are what they were before they existed; an absent output
    is "sigmoid". The settings of `NetworkSettings` (output, initialisation, last_layer) are taken
    by every network that writes `predict`.

    Raises:
        UnknownNameError: No network has that name.
        ConfigError: A setting is unknown or out of range.
    """
    import inspect

    from ablate.errors import ConfigError, nearest
    from ablate.models.contract import MODELS
    from ablate.settings.network import NetworkSettings
    from ablate.settings.setting import made, settings_of

    name = str(settings.get("name"))
    network = MODELS.get(name, where="model.name")
    rest = {key: value for key, value in settings.items() if key != "name"}
    own = MODELS.settings_class(name)
    if own is not None and own is not NetworkSettings:
        typed: Any = made(own, rest, at="model", of=name)
        model: Any = network(typed)
        if issubclass(own, NetworkSettings):
            model.output = typed.output
        return model
    shared = settings_of(NetworkSettings) if own else {}
    known = [*inspect.signature(network).parameters, *shared]
    if faults := [
        f"model.{key}: no such setting of {name}; {nearest(key, known)}"
        for key in rest
        if key not in known
    ]:
        raise ConfigError(*faults)
    of_all = made(NetworkSettings, {key: rest[key] for key in shared if key in rest}, at="model")
    model = network(**{key: value for key, value in rest.items() if key not in shared})
    if own:
        model.output = of_all.output
    return model
