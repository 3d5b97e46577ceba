"""What a design is: a table of rows, written before anything runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ablate.config.schema import Dimension, Factor
from ablate.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The study as a design sees it; the options of the design are keywords of their own."""

    factors: Mapping[str, Factor]
    dimensions: Mapping[str, Dimension] = field(default_factory=dict)
    nuisance: Mapping[str, Dimension] = field(default_factory=dict)
    trials: int = 0  # only of designs that take a number of trials
    frozen: tuple["Frozen", ...] = ()  # of a confirmation, known when its exploration has ended
    seed: int = 0  # of the study
    phase: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A configuration with all that was chosen about it, as an exploration left it."""

    name: str  # "baseline", "winner 1", ...
    values: Mapping[str, Any] = field(default_factory=dict)  # factor -> value
    settings: Mapping[str, Any] = field(default_factory=dict)  # dimension -> value, over `values`
    nuisance: Mapping[str, Any] = field(default_factory=dict)  # nuisance dimension -> value


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One trial: a value for every factor, and where the design says so the rest of the recipe.

    Blocks and points count from 1. A row without `seed` is run once per seed of its phase.
    """

    values: Mapping[str, Any]  # factor -> value
    nuisance: Mapping[str, Any] = field(default_factory=dict)  # dimension -> value
    dummy: float | None = None  # position of the control, in [0, 1)
    block: int | None = None
    point: int | None = None
    seed: int | None = None
    split_seed: int | None = None
    change: str = ""  # what this row changes or is called, where the design has a word for it
    settings: Mapping[str, Any] = field(default_factory=dict)  # dimension -> value, over `values`


Rows = list[Row]
Design = Callable[..., Rows]  # (inputs, *, options)
DESIGNS: Registry[Design] = Registry("design", package="ablate.designs")


def free(factors: Mapping[str, Factor]) -> list[str]:
    """Return the factors that follow no other."""
    return [name for name, factor in factors.items() if not factor.tied_to]


def baseline(factors: Mapping[str, Factor]) -> dict[str, Any]:
    """Return the value of every factor where each has its baseline."""
    return filled(factors, {})


def filled(factors: Mapping[str, Factor], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for every factor: chosen, else its baseline; tied ones follow their leader."""
    return {name: value_at(factors, name, chosen) for name in factors}


def value_at(factors: Mapping[str, Factor], name: str, chosen: Mapping[str, Any]) -> Any:
    """Return the value of a factor; a tied one follows the index of the factor it is tied to."""
    factor = factors[name]
    if factor.tied_to:
        leader = factors[factor.tied_to]
        value = chosen.get(factor.tied_to, leader.baseline)
        return factor.values[list(leader.values).index(value)]
    return chosen.get(name, factor.baseline)
