"""Fusion networks, one file each, and the network-free probe."""

from typing import Any


def build(settings: dict[str, Any]) -> Any:
    """Return the network that `settings` (name and its own keywords) describes.

    The settings of `NetworkSettings` (output, initialisation, last_layer) are taken by every
    network that writes `predict`; an absent output is "sigmoid".

    Raises:
        UnknownNameError: No network has that name.
        ConfigError: A setting is unknown or out of range.
    """
    import inspect

    from ablate.errors import ConfigError, nearest
    from ablate.models.contract import MODELS, predicts
    from ablate.settings.network import NetworkSettings
    from ablate.settings.setting import settings_of

    rest = {key: value for key, value in settings.items() if key != "name"}
    model = MODELS.get(str(settings.get("name")), where="model.name")
    shared = settings_of(NetworkSettings) if predicts(model) else {}
    known = [*inspect.signature(model).parameters, *shared]
    faults = [
        f"model.{key}: no such setting of {settings['name']}; {nearest(key, known)}"
        for key in rest
        if key not in known
    ]
    faults += [
        f"model.{key}: {text}"
        for key, setting in shared.items()
        if key in rest and (text := setting.fault(rest[key], {}))
    ]
    if faults:
        raise ConfigError(*faults)
    made = model(**{key: value for key, value in rest.items() if key not in shared})
    if "output" in rest and shared:
        made.output = rest["output"]
    return made
