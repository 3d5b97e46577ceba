"""The loss family: gradient terms made of orthogonal steps, and the mix that is trained on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ablate.losses.catalogue.contract import CATALOGUE, descriptions
from ablate.losses.checks import check
from ablate.losses.names import names as _names
from ablate.losses.presets import KEYS, MIXES
from ablate.losses.settings import ABSENT, OF_NEW_STUDIES, canonical

if TYPE_CHECKING:
    from ablate.losses.total import FusionLoss

__all__ = ["ABSENT", "build", "canonical", "check", "descriptions", "is_written_out", "names"]


def build(settings: Mapping[str, Any]) -> "FusionLoss":
    """Return the loss that the settings describe, called with infrared=, visible=, fused=.

    What is left out is what new studies have: `ties` is tolerant. To build the loss of a section
    that was recorded before a setting existed, pass it through `canonical`, as trainings do.

    Example:
        >>> build({"preset": "seafusion", "mix": "published"}).gradient.weights
        (1.0,)

    Raises:
        ConfigError: A setting is unknown or out of range, all faults together.
    """
    from ablate.errors import ConfigError
    from ablate.losses.total import FusionLoss

    faults = check(settings, crop_px=1 << 16)  # the crop is checked where it is known
    if faults:
        raise ConfigError(*faults)
    return FusionLoss({**OF_NEW_STUDIES, **settings})


def names() -> dict[str, tuple[str, ...]]:
    """Return the valid names of every setting that takes a name."""
    return {**_names(), "preset": CATALOGUE.names(), "mix": MIXES}


def is_written_out(setting: str) -> bool:
    """Return whether `canonical` replaces a setting by others, as it does with a preset."""
    return setting in KEYS
