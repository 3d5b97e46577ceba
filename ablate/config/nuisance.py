"""Read and check the nuisance dimensions: what is tuned anew for every value that is compared."""

import math
from collections.abc import Collection, Mapping
from typing import Any

from ablate.config.apply import leaves
from ablate.config.faults import short
from ablate.config.schema import Dimension, Factor, VectorDimension
from ablate.config.settings import Context
from ablate.config.spaces import read_dimensions

ALWAYS = {"learning_rate": "train.learning_rate", "gradient_weight": "loss.gradient_weight"}
FIXED = "fixed"
DECADE = 10.0
CONTROL = "dummy"  # the column of the control that no setting follows


def read_nuisance(
    context: Context,
    raw: Any,
    *,
    dimensions: Mapping[str, Dimension],
    factors: Mapping[str, Factor],
) -> tuple[dict[str, Dimension], tuple[str, ...]]:
    """Return the nuisance dimensions, and the names that the file holds at their base value.

    The learning rate and the weight of the gradient term are always nuisance, log-uniform over one
    decade either side of their base value, unless a factor sets them, the file says `fixed`, or
    the base value is no positive number. An entry of the file gives another range or another
    dimension; type float is its default.
    """
    faults = context.faults
    entries = faults.mapping("nuisance", raw)
    owners = _owners(dimensions, factors)
    base = dict(leaves(context.base))
    wanted: dict[str, Any] = {}
    held: list[str] = []
    for name in dict.fromkeys([*ALWAYS, *entries]):
        entry = entries.get(name)
        if name == CONTROL:
            text = "is the name of the control that explorations add; rename the dimension"
            faults.add(f"nuisance.{name}", text)
        elif entry == FIXED:
            if name in ALWAYS:
                held.append(name)
            else:
                text = f"only {' and '.join(ALWAYS)} are nuisance by themselves; remove the entry"
                faults.add(f"nuisance.{name}", text)
        elif entry is not None and not isinstance(entry, dict):
            text = f"must be a mapping such as {{low: 1e-4, high: 1e-2}} or {FIXED}"
            faults.add(f"nuisance.{name}", f"{text}, got {short(entry)}")
        elif name in ALWAYS:
            path = (entry or {}).get("path", ALWAYS[name])
            around = _around(base.get(ALWAYS[name]))
            if entry is not None or (path not in owners and around is not None):
                is_float = (entry or {}).get("type", "float") == "float"
                given = {"type": "float", "log": True, **(around or {})} if is_float else {}
                wanted[name] = {**given, "path": path, **(entry or {})}
        else:
            wanted[name] = {"type": "float", **(entry or {})}
    nuisance = read_dimensions(context, "nuisance", wanted)
    own = nuisance.keys() & dimensions.keys() - entries.keys()
    nuisance |= {name: dimensions[name] for name in sorted(own)}  # a range of the space is kept
    for name, dimension in nuisance.items():
        _check_owner(context, name, dimension, dimensions=dimensions, owners=owners)
    return nuisance, tuple(held)


def paths_of(dimension: Dimension) -> Collection[str]:
    """Return the settings that a dimension sets."""
    if isinstance(dimension.choices, Mapping):
        return {path for sets in dimension.choices.values() for path in sets}
    return {str(dimension.path)}


def _owners(dimensions: Mapping[str, Dimension], factors: Mapping[str, Factor]) -> dict[str, str]:
    """Return setting -> the factor that sets it."""
    return {
        path: name
        for name, factor in factors.items()
        if factor.dimension in dimensions
        for path in paths_of(dimensions[factor.dimension])
    }


def _around(value: Any) -> dict[str, float] | None:
    """Return the range of one decade either side, None around what is no positive number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < math.inf:
        return None
    return {"low": float(f"{value / DECADE:.12g}"), "high": float(f"{value * DECADE:.12g}")}


def _check_owner(
    context: Context,
    name: str,
    dimension: Dimension,
    *,
    dimensions: Mapping[str, Dimension],
    owners: Mapping[str, str],
) -> None:
    if isinstance(dimension, VectorDimension):
        text = "is tuned by designs, which know no lists; search over it as a dimension instead"
        context.faults.add(f"nuisance.{name}.type", f"{dimension.type}: {text}")
    taken = sorted({owners[path] for path in paths_of(dimension) if path in owners})
    if taken:
        context.faults.add(
            f"nuisance.{name}", f"sets what the factor {taken[0]!r} compares; remove it here"
        )
    elif name in dimensions and set(paths_of(dimensions[name])) != set(paths_of(dimension)):
        context.faults.add(
            f"nuisance.{name}", "a dimension of the space has this name and another path; rename it"
        )
