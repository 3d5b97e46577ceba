"""The nuisance dimensions: what is tuned anew for every value that is compared."""

from collections.abc import Mapping
from typing import Any

from ablate.config.apply import leaves
from ablate.config.dimensions import paths_of, read_dimensions
from ablate.config.entries import Parts
from ablate.config.errors import short
from ablate.config.schema import Dimension, Factor, VectorDimension
from ablate.numbers import is_number

ALWAYS = {"learning_rate": "train.learning_rate", "gradient_weight": "loss.gradient_weight"}
FIXED = "fixed"
DECADE = 10.0
CONTROL = "dummy"  # the column of the control that no setting follows


def read_nuisance(parts: Parts, raw: Any) -> tuple[dict[str, Dimension], tuple[str, ...]]:
    """Return the nuisance dimensions, and the names that the file holds at their base value.

    The learning rate and the weight of the gradient term are always nuisance, log-uniform over one
    decade either side of their base value, unless a factor sets them, the file says `fixed`, or
    the base value is not above 0. An entry of the file gives another range or another dimension;
    type float is its default.
    """
    errors, dimensions = parts.errors, parts.dimensions
    entries = errors.mapping("nuisance", raw)
    owners = _owners(dimensions, parts.factors)
    base = dict(leaves(parts.settings.base))
    wanted: dict[str, Any] = {}
    held: list[str] = []
    for name in dict.fromkeys([*ALWAYS, *entries]):
        entry, at = entries.get(name), f"nuisance.{name}"
        if name == CONTROL:
            errors.add(at, "is the name of the control that explorations add; rename the dimension")
        elif entry == FIXED and name in ALWAYS:
            held.append(name)
        elif entry == FIXED:
            text = f"only {' and '.join(ALWAYS)} are nuisance by themselves; remove the entry"
            errors.add(at, text)
        elif entry is not None and not isinstance(entry, dict):
            text = f"must be a mapping such as {{low: 1e-4, high: 1e-2}} or {FIXED}"
            errors.add(at, f"{text}, got {short(entry)}")
        elif name in ALWAYS:
            path = (entry or {}).get("path", ALWAYS[name])
            around = _around(base.get(ALWAYS[name]))
            if entry is not None or (path not in owners and around is not None):
                is_float = (entry or {}).get("type", "float") == "float"
                given = {"type": "float", "log": True, **(around or {})} if is_float else {}
                wanted[name] = {**given, "path": path, **(entry or {})}
        else:
            wanted[name] = {"type": "float", **(entry or {})}
    nuisance = read_dimensions(parts, "nuisance", wanted)
    own = nuisance.keys() & dimensions.keys() - entries.keys()
    nuisance |= {name: dimensions[name] for name in sorted(own)}  # a range of the space is kept
    for name, dimension in nuisance.items():
        _check_owner(parts, name, dimension, owners)
    return nuisance, tuple(held)


def _owners(dimensions: Mapping[str, Dimension], factors: Mapping[str, Factor]) -> dict[str, str]:
    """Return setting -> the factor that sets it."""
    return {
        path: name
        for name, factor in factors.items()
        if factor.dimension in dimensions
        for path in paths_of(dimensions[factor.dimension])
    }


def _around(value: Any) -> dict[str, float] | None:
    """Return the range of one decade either side of a number above 0, None for anything else."""
    if not is_number(value) or value <= 0:
        return None
    return {"low": float(f"{value / DECADE:.12g}"), "high": float(f"{value * DECADE:.12g}")}


def _check_owner(parts: Parts, name: str, dimension: Dimension, owners: Mapping[str, str]) -> None:
    """Add an error for a nuisance that a design cannot tune, or that something else sets."""
    if isinstance(dimension, VectorDimension):
        text = "is tuned by designs, which know no lists; search over it as a dimension instead"
        parts.errors.add(f"nuisance.{name}.type", f"{dimension.type}: {text}")
    paths = set(paths_of(dimension))
    taken = sorted({owners[path] for path in paths if path in owners})
    if taken:
        text = f"sets what the factor {taken[0]!r} compares; remove it here"
        parts.errors.add(f"nuisance.{name}", text)
    elif name in parts.dimensions and set(paths_of(parts.dimensions[name])) != paths:
        text = "a dimension of the space has this name and another path; rename it"
        parts.errors.add(f"nuisance.{name}", text)
