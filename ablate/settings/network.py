"""The section `model`: what every network has that predicts a map; its own stand in its file."""

from dataclasses import dataclass, fields
from typing import Any

from ablate.settings.setting import field


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """How the map that a network predicts becomes the fused image, and how its weights start."""

    output: str = field(
        "name",
        "mean",
        choices=("sigmoid", "mean", "max", "visible", "gate", "map"),
        absent="sigmoid",
        meaning="What the predicted map p makes: sigmoid: the network's own bounded activation; "
        "mean, max, visible: that image of the sources plus p, clamped to [0, 1] outside of "
        "training; gate: w infrared + (1 - w) visible with w = sigmoid(p); map: p itself, clamped "
        "likewise, as the released weights of DenseFuse need.",
    )
    initialisation: str = field(
        "name",
        "torch",
        choices=("torch", "he"),
        absent="torch",
        meaning="How weights are drawn: torch: Kaiming uniform with torch's own gain; he: Kaiming "
        "normal for ReLU, biases 0.",
        source="He et al., ICCV 2015 (he)",
    )
    last_layer: str = field(
        "name",
        "zero",
        choices=("drawn", "zero"),
        absent="drawn",
        meaning="Whether the last layer starts at 0, so that p does, or is drawn like the others.",
    )


def width(default: int, *, low: int = 1) -> Any:
    """Return the setting of the number of channels."""
    return field(
        "int",
        default,
        low=low,
        high=4096,
        unit="channels",
        meaning="Channels of a layer at full size.",
    )


def activation() -> Any:
    """Return the setting of a network whose layers may have either activation."""
    return field(
        "name",
        "leaky_relu",
        choices=("relu", "leaky_relu"),
        absent="relu",
        meaning="Between the layers; leaky_relu (slope .01) leaves no channel dead for good.",
    )


def usual() -> dict[str, Any]:
    """Return the defaults of how layers are activated and weights start, by setting."""
    starts = {one.name: one.default for one in fields(NetworkSettings) if one.name != "output"}
    return {**starts, "activation": activation().default}
