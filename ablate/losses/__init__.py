"""The loss family: gradient terms made of orthogonal steps, and the mix that is trained on.

For a training loop of one's own there are two plain functions, `gradient_loss` and `fusion_loss`,
and their classes, `MultiScaleGradient` and `FusionLoss`; they import torch when they are first
used. `build` makes the loss that a section `loss` of a study describes.
"""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ablate.losses.catalogue.contract import CATALOGUE, descriptions
from ablate.losses.checks import check
from ablate.losses.presets import KEYS
from ablate.losses.settings import canonical
from ablate.settings.loss import LossSettings
from ablate.settings.loss import names as _names

if TYPE_CHECKING:
    from ablate.losses.functional import fusion_loss, gradient_loss
    from ablate.losses.multi_scale import MultiScaleGradient
    from ablate.losses.total import FusionLoss

__all__ = [
    "FusionLoss",
    "LossSettings",
    "MultiScaleGradient",
    "build",
    "canonical",
    "check",
    "descriptions",
    "fusion_loss",
    "gradient_loss",
    "is_written_out",
    "names",
    "typed",
]
_HOMES: Final = {
    "FusionLoss": "total",
    "MultiScaleGradient": "multi_scale",
    "fusion_loss": "functional",
    "gradient_loss": "functional",
}


def build(settings: Mapping[str, Any]) -> "FusionLoss":
    """Return the loss that the settings describe, called with infrared=, visible=, fused=.

    What is left out is what new studies have: `ties` is tolerant. The loss of a section that was
    recorded is `FusionLoss(typed(section))`.

    Example:
        >>> build({"preset": "seafusion", "mix": "published"}).gradient.weights
        (1.0,)

    Raises:
        ConfigError: A setting is unknown or out of range, all errors together.
    """
    from ablate.errors import ConfigError
    from ablate.losses.total import FusionLoss
    from ablate.settings.loss import loss_settings
    from ablate.settings.setting import defaults_of

    if faults := check(settings, crop_px=1 << 16):  # the crop is checked where it is known
        raise ConfigError(*faults)
    of_today = {"ties": defaults_of(loss_settings())["ties"]}
    return FusionLoss(typed({**of_today, **settings}))


def typed(section: Mapping[str, Any]) -> LossSettings:
    """Return the typed settings of a recorded section that `check` accepts.

    What is absent is what it was before the setting existed; a preset is written out.
    """
    return LossSettings.of(canonical(section))


def names() -> dict[str, tuple[str, ...]]:
    """Return the valid names of every setting that takes a name."""
    return {**_names(), "preset": CATALOGUE.names()}


def is_written_out(setting: str) -> bool:
    """Return whether `canonical` replaces a setting by others, as it does with a preset."""
    return setting in KEYS


if not TYPE_CHECKING:  # so that mypy sees a name that is not there

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'ablate.losses' has no attribute {name!r}")
        return getattr(importlib.import_module(f"ablate.losses.{_HOMES[name]}"), name)
