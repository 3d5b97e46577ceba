"""Read and check the factors of a study: which values are compared, which move together."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ablate.config.faults import Faults, short
from ablate.config.schema import Dimension, Factor, VectorDimension
from ablate.config.settings import Context
from ablate.config.spaces import usable_name, value_fault
from ablate.errors import nearest

KEYS = ("dimension", "values", "baseline", "ordered", "tied_to")


def read_factors(
    context: Context,
    raw: Any,
    dimensions: Mapping[str, Dimension],
    written: Mapping[str, Any],
) -> dict[str, Factor]:
    """Return the factors; `written` are all dimensions of the file, faulty ones included."""
    faults = context.faults
    entries = faults.mapping("factors", raw)
    factors: dict[str, Factor] = {}
    for name, values in entries.items():
        at = f"factors.{name}"
        if not usable_name(faults, at, name):
            continue
        entry = faults.mapping(at, values)
        faults.unknown_keys(at, entry, KEYS, "setting of a factor")
        dimension = faults.text(f"{at}.dimension", entry.get("dimension"), default=name)
        if dimension not in written:
            place = f"{at}.dimension" if "dimension" in entry else at
            faults.add(
                place, f"no dimension is called {dimension!r}; {nearest(dimension, written)}"
            )
        elif dimension in dimensions:
            factor = _factor(context, at, name, entry, dimensions[dimension])
            if factor is not None:
                factors[name] = factor
    for name, factor in factors.items():
        if factor.tied_to is not None:
            factors[name] = _tied(faults, factor, factors, entries)
    _check_shared(faults, factors)
    return factors


def _check_shared(faults: Faults, factors: Mapping[str, Factor]) -> None:
    """Enter a fault where factors of one dimension have different baselines."""
    first: dict[str, Factor] = {}
    for name, factor in factors.items():
        other = first.setdefault(factor.dimension, factor)
        if other.baseline != factor.baseline:
            faults.add(
                f"factors.{name}.baseline",
                f"must be {other.baseline!r} like that of {other.name!r}: both set "
                f"{factor.dimension!r}",
            )


def _factor(
    context: Context, at: str, name: str, entry: Mapping[str, Any], dimension: Dimension
) -> Factor | None:
    faults = context.faults
    if isinstance(dimension, VectorDimension):
        faults.add(
            at,
            f"{dimension.name!r} has lists for values, which cannot be compared by name; compare a "
            "bundle with a named choice per list",
        )
        return None
    values = entry.get("values", list(dimension.choices) if dimension.choices else None)
    if not isinstance(values, list) or len(values) < 2:
        faults.add(f"{at}.values", f"must be a list of at least two values, got {short(values)}")
        return None
    tied_to = entry.get("tied_to")
    if tied_to is None and len({repr(value) for value in values}) < len(values):
        faults.add(f"{at}.values", "has one value twice; remove the second")
    for value in values:
        text = value_fault(context, dimension, value)
        if text:
            faults.add(f"{at}.values", text)
    baseline = entry.get("baseline", dimension.baseline)
    if baseline not in values and (tied_to is None or "baseline" in entry):
        text = f"{short(baseline)} is none of the values {short(values)}; add it or name another"
        faults.add(f"{at}.baseline", text)
    return Factor(
        name=name,
        dimension=dimension.name,
        values=tuple(values),
        baseline=baseline,
        ordered=faults.flag(f"{at}.ordered", entry.get("ordered")),
        tied_to=faults.text(f"{at}.tied_to", tied_to) or None,
    )


def _tied(
    faults: Faults, factor: Factor, factors: Mapping[str, Factor], entries: Mapping[str, Any]
) -> Factor:
    """Return the factor with the baseline of its leader's index."""
    at = f"factors.{factor.name}.tied_to"
    leader = factors.get(str(factor.tied_to))
    others = [name for name in entries if name != factor.name]
    if factor.tied_to not in others:
        faults.add(
            at,
            f"no other factor is called {factor.tied_to!r}; {nearest(str(factor.tied_to), others)}",
        )
    if leader is None or leader.name == factor.name:
        return factor
    if leader.tied_to is not None:
        faults.add(at, f"{leader.name!r} is tied itself; name {leader.tied_to!r}")
        return factor
    if len(leader.values) != len(factor.values):
        text = f"has {len(factor.values)} values, {leader.name!r} has {len(leader.values)}"
        faults.add(f"factors.{factor.name}.values", f"{text}; give as many")
        return factor
    if leader.baseline not in leader.values:
        return factor
    baseline = factor.values[leader.values.index(leader.baseline)]
    entry = entries[factor.name]
    if "baseline" in entry and entry["baseline"] != baseline:
        faults.add(
            f"factors.{factor.name}.baseline",
            f"must be {baseline!r}, the value at the baseline of {leader.name!r}",
        )
    return replace(factor, baseline=baseline)
