"""How many parameters a network has, beside those of the publication that it follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Parameters of a network, and of its original where it follows one."""

    name: str
    parameters: int
    published: int | None = None
    published_settings: Mapping[str, Any] | None = None  # with which the layers are the original's

    def in_words(self) -> str:
        """Return one line.

        Example:
            >>> Size(name="cddfuse", parameters=18720, published=1188272).in_words()
            'network cddfuse: 18,720 parameters, 1.6 % of the 1,188,272 of the original'
        """
        line = f"network {self.name}: {self.parameters:,} parameters"
        if self.published is None:
            return line
        share = 100 * self.parameters / self.published
        told = f"{share:.2g}" if share < 99.5 else f"{share:.0f}"
        return f"{line}, {told} % of the {self.published:,} of the original"


def size_of(settings: Mapping[str, Any]) -> Size:
    """Return the size of the network of a section `model`; no weights are made for it.

    Raises:
        UnknownNameError: No network has that name.
        ConfigError: A setting is unknown or out of range.
    """
    import torch

    from ablate import models
    from ablate.models.contract import MODELS, parameter_count

    name = str(settings["name"])
    with torch.device("meta"):
        count = parameter_count(models.build(dict(settings)))
    original = getattr(MODELS.get(name), "published", None)
    if original is None:
        return Size(name=name, parameters=count)
    return Size(
        name=name,
        parameters=count,
        published=original.parameters,
        published_settings=original.settings,
    )
