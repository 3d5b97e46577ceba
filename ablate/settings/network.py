"""The section `model`: what every packaged network has, and what one of them has alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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


def _counts_fault(value: Any) -> str | None:
    """Return what is wrong with a whole number of at least 1, or a list of them, one per stage."""
    numbers = value if isinstance(value, list | tuple) else [value]
    good = [isinstance(one, int) and not isinstance(one, bool) and one >= 1 for one in numbers]
    if good and all(good):
        return None
    return f"must be a whole number of at least 1, or a list of one per stage, got {value!r}"


def _activation() -> Any:
    """Return the setting of a network whose layers may have either activation."""
    return field(
        "name",
        "relu",
        choices=("relu", "leaky_relu"),
        absent="relu",
        meaning="Between the layers; leaky_relu (slope .01) leaves no channel dead for good.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CDDFuseSettings:
    """What `cddfuse` has beside the sizes of its parts."""

    form: str = field(
        "name",
        "light",
        choices=("light", "published"),
        absent="light",
        meaning="Layers of the base and the detail branch: light: few parameters; published: those "
        "of the original, whose released weights fit.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseFuseSettings:
    """What `densefuse` has beside its width."""

    features: str = field(
        "name",
        "added",
        choices=("added", "averaged"),
        absent="added",
        meaning="How the features of the two sources are fused; released weights need averaged.",
    )
    activation: str = _activation()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeAFusionSettings:
    """What `seafusion` has beside its width."""

    sobel: str = field(
        "name",
        "fixed",
        choices=("fixed", "trained"),
        absent="fixed",
        meaning="Whether the gradient kernels inside the network stay Sobel's or are trained from "
        "them; the released weights need trained.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UNetSettings:
    """What `unet` has beside its width and depth."""

    activation: str = _activation()


@dataclass(frozen=True, slots=True, kw_only=True)
class RestormerSettings:
    """What `restormer` has beside its width and depth."""

    blocks: int | Sequence[int] = field(
        "checked",
        1,
        check=_counts_fault,
        meaning="Transformer blocks of every stage, or a list: at full size, after each halving.",
    )
    heads: int | Sequence[int] = field(
        "checked",
        1,
        check=_counts_fault,
        meaning="Attention heads at full size, doubled at every halving; or a list as for blocks.",
    )
    refine: int | None = field(
        "int",
        low=1,
        high=64,
        may_be_null=True,
        meaning="Transformer blocks after the decoder; as many as at full size where left out.",
    )


OF_NETWORKS: Final[Mapping[str, type]] = {
    "cddfuse": CDDFuseSettings,
    "densefuse": DenseFuseSettings,
    "restormer": RestormerSettings,
    "seafusion": SeAFusionSettings,
    "unet": UNetSettings,
}
