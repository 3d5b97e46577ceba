"""The settings of one named term of the loss: of every term, of its region, and of its kind."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ablate.settings.loss import CHOICE, TERM, loss_settings
from ablate.settings.members import Member, members
from ablate.settings.setting import NOTHING, Setting, field, settings_of

GRADIENT: Final = "gradient"  # the kind whose settings are those of the gradient term
RAMPS: Final = ("linear", "cosine")
WHOLE: Final = "whole"
LEARNED: Final = "learned"


@dataclass(frozen=True, slots=True, kw_only=True)
class TermSettings:
    """What every named term has, whatever its kind."""

    kind: str = field("name", kind="losses.terms", meaning="What the term asks for.")
    weight: float | str = field(
        "float",
        1.0,
        low=0,
        choices=(LEARNED,),
        meaning="By what the value L of the term is weighted; learned: exp(-s) L + s is added, "
        "where s begins at 0 and is trained with the network.",
        source="Kendall et al., CVPR 2018 (learned)",
    )
    schedule: str = field(
        "name",
        "on_off",
        choices=("on_off", *RAMPS),
        meaning="on_off: the weight holds after step `from` and up to step `until`; linear, "
        "cosine: it goes from weight_from at step `from` to weight at step `until`, and stays.",
    )
    from_step: int = field(
        "int",
        0,
        low=0,
        high=10**9,
        unit="steps",
        path="from",
        meaning="Steps before the schedule begins.",
    )
    until: int | None = field(
        "int",
        low=1,
        high=10**9,
        unit="steps",
        may_be_null=True,
        meaning="Step at which the schedule ends; without it on_off never ends.",
    )
    weight_from: float = field(
        "float",
        0.0,
        low=0,
        only_with={"schedule": RAMPS},
        meaning="Weight before a linear or cosine schedule begins.",
    )
    region: str = field(
        "name",
        WHOLE,
        kind="losses.region",
        meaning="Where the term counts; every region is made of the sources alone.",
    )
    region_mean: str = field(
        "name",
        "whole",
        choices=("whole", "inside"),
        meaning="Mean over the whole image of cost times region, or over the region's own size.",
    )


def common() -> dict[str, Setting]:
    """Return name -> setting of what every term may have, those of regions among them."""
    found = settings_of(TermSettings)
    own: dict[str, list[str]] = {}
    for region, member in members("regions").items():
        for name, one in member.settings.items():
            found[name] = one
            own.setdefault(name, []).append(region)
    for name, regions in own.items():
        found[name] = _only_with(found[name], {"region": tuple(regions)})
    return found


def names() -> dict[str, tuple[str, ...]]:
    """Return the names of kinds and regions, under the keys by which settings ask for them."""
    return {"losses.terms": tuple(members("terms")), "losses.region": tuple(members("regions"))}


def kinds() -> Mapping[str, Member]:
    """Return the registered kinds of terms by name."""
    return members("terms")


def of_kind(kind: object) -> Mapping[str, Setting]:
    """Return name -> setting of a term of a kind; only what every term has of one unknown."""
    return {**common(), **own_settings(kind)}


def own_settings(kind: object) -> Mapping[str, Setting]:
    """Return the settings that a kind has beside those of every term."""
    if kind == GRADIENT:
        every = {k: one for k, one in loss_settings().items() if one.group in (TERM, CHOICE)}
        return every | {"ties": replace(every["ties"], absent=NOTHING)}  # no term is older than it
    member = kinds().get(kind) if isinstance(kind, str) else None
    return member.settings if member else {}


def of_any_kind() -> Mapping[str, Setting]:
    """Return name -> setting of what a term of some kind may have."""
    return {name: one for kind in kinds() for name, one in of_kind(kind).items()}


def _only_with(setting: Setting, others: Mapping[str, tuple[Any, ...]]) -> Setting:
    return replace(setting, only_with={**setting.only_with, **others})
