"""Read and check the section `references`: results of others that stand in every table."""

import re
from collections.abc import Mapping
from typing import Any, Final

from ablate.config.faults import short
from ablate.config.schema import Reference
from ablate.config.settings import Context

KEYS: Final = ("weights", "model")
_NAME = re.compile(r"\w[\w .+-]{0,39}")
_EXAMPLE: Final = "{weights: FILE.safetensors, model: {name: seafusion}}"


def read_references(context: Context, raw: Any) -> dict[str, Reference]:
    """Return name -> reference; whether files and folders are there is not looked at."""
    faults = context.faults
    found: dict[str, Reference] = {}
    for name, entry in faults.mapping("references", raw).items():
        at = f"references.{name}"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            text = "is no name for a table; use at most 40 letters, digits, spaces and . _ + -"
            faults.add("references", f"{short(name)} {text}")
        elif isinstance(entry, str) and entry.strip():
            found[name] = Reference(folder=entry)
        elif isinstance(entry, Mapping):
            faults.unknown_keys(at, entry, KEYS, "setting of a reference")
            weights = faults.text(f"{at}.weights", entry.get("weights"), needed=True)
            found[name] = Reference(weights=weights, model=_model(context, at, entry.get("model")))
        else:
            faults.add(at, f"must be a folder of images or {_EXAMPLE}, got {short(entry)}")
    return found


def _model(context: Context, at: str, raw: Any) -> dict[str, Any]:
    """Return the settings of a network; those left out are the network's own defaults."""
    faults = context.faults
    if not isinstance(raw, Mapping) or not isinstance(raw.get("name"), str):
        text = "must name the network of the weights such as {name: seafusion}"
        faults.add(f"{at}.model", f"{text}, got {short(raw)}")
        return {}
    model = {str(key): value for key, value in raw.items()}
    own = Context(faults, {"model": model}, context.known)
    for key, value in model.items():
        if fault := own.setting_fault(f"model.{key}", value):
            faults.add(f"{at}.model.{key}", fault)
    if model["name"] == "probe":
        faults.add(f"{at}.model.name", "the probe has no weights; name a network")
    return model
