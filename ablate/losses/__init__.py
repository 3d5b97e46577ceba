"""The loss family: gradient terms made of orthogonal steps, and the mix that is trained on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ablate.losses.settings import NAMES, canonical, check

if TYPE_CHECKING:
    from ablate.losses.total import FusionLoss

__all__ = ["build", "canonical", "check", "names"]


def build(settings: Mapping[str, Any]) -> "FusionLoss":
    """Return the loss that the settings describe, called with infrared=, visible=, fused=.

    Raises:
        ConfigError: A setting is unknown or out of range, all faults together.
    """
    from ablate.errors import ConfigError
    from ablate.losses.total import FusionLoss

    faults = check(settings, crop_px=1 << 16)  # the crop is checked where it is known
    if faults:
        raise ConfigError(*faults)
    return FusionLoss(settings)


def names() -> dict[str, tuple[str, ...]]:
    """Return the valid names of every setting that takes a name."""
    return dict(NAMES)
