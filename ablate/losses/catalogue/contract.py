"""What a published loss is: settings of the gradient term, the mix beside it, what is left out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ablate.identity import JsonValue
from ablate.registry import Registry, first_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A published loss in the words of the family.

    Axes are added here; where a repository averages them, its weight is halved in `mix`.
    """

    term: Mapping[str, JsonValue]  # the gradient term, where it differs from the defaults
    mix: Mapping[str, JsonValue] = field(default_factory=dict)  # empty where it has no counterpart
    left_out: str = ""  # what of the repository's loss the settings do not say


CATALOGUE: Registry[Callable[[], Published]] = Registry(
    "published loss", package="ablate.losses.catalogue"
)


def descriptions() -> dict[str, str]:
    """Return name -> one line, sorted by name."""
    return {name: first_line(CATALOGUE.get(name)) for name in CATALOGUE}


def mix(
    *,
    gradient: float,
    intensity: float,
    ssim: float = 0.0,
    kind: str = "max",
    ssim_to: str = "both",
    ssim_padding: str = "reflect",
) -> dict[str, JsonValue]:
    """Return the settings of a mix, with weights in the units of the family.

    Args:
        gradient: Weight of the gradient term, axes added.
        intensity: Weight of the mean absolute difference to the intensity target.
        ssim: Weight of 1 minus the SSIM.
        kind: The intensity target.
        ssim_to: What the SSIM is to, see `ablate.losses.structure.StructuralDistance`.
        ssim_padding: See there.
    """
    return {
        "gradient_weight": gradient,
        "intensity": kind,
        "intensity_weight": intensity,
        "ssim_weight": ssim,
        "ssim_to": ssim_to,
        "ssim_padding": ssim_padding,
    }
