"""Check the dimensions whose values are lists: simplex and decreasing."""

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeGuard

from ablate.config.apply import leaves
from ablate.config.faults import short
from ablate.config.schema import Dimension, VectorDimension
from ablate.config.settings import Context, table_of
from ablate.errors import nearest

TYPES = ("simplex", "decreasing")
PER_LEVEL = ("loss.scales", "loss.weights")  # have one number per level
LEVELS = "loss.levels"
TOLERANCE = 1e-6


def check_vector(context: Context, at: str, entry: Mapping[str, Any], path: str) -> None:
    """Enter every fault of the size, the first number and the ratios of an entry."""
    faults = context.faults
    setting = table_of(context.base).get(path)
    if setting is None:
        faults.add(f"{at}.path", f"{path}: {context.setting_fault(path, [1.0]) or 'is open'}")
    elif setting.type != "numbers":
        faults.add(f"{at}.path", f"{path} takes no list of numbers; name loss.weights or the like")
    size = entry.get("size")
    if isinstance(size, bool) or not isinstance(size, (int, str)) or size in ("", 0):
        text = f"must be a whole number or what says it, such as {LEVELS}, got {short(size)}"
        faults.add(f"{at}.size", text if "size" in entry else f"is missing; write size: {LEVELS}")
    elif isinstance(size, int) and size < 1:
        faults.add(f"{at}.size", f"must be at least 1, got {size}")
    if entry["type"] == "simplex":
        return
    first = entry.get("first", 1.0)
    if not _is_number(first) or not 0 < first <= 1:
        faults.add(f"{at}.first", f"must be a number above 0 and at most 1, got {short(first)}")
    bounds: dict[str, float] = {}
    for key in ("low", "high"):
        value = entry.get(key)
        if _is_number(value) and 0 < value < 1:
            bounds[key] = value
        else:
            text = f"must be a ratio above 0 and below 1, got {short(value)}"
            faults.add(f"{at}.{key}", text if key in entry else "is missing; write a ratio")
    if len(bounds) == 2 and bounds["low"] >= bounds["high"]:
        text = f"must be below high, got {bounds['low']} and {bounds['high']}"
        faults.add(f"{at}.low", text)


def list_fault(dimension: VectorDimension, value: Any) -> str | None:
    """Return what is wrong with a list, None when it is a value of the dimension."""
    if not isinstance(value, list) or not value or not all(_is_number(item) for item in value):
        return f"must be a list of numbers, got {short(value)}"
    if isinstance(dimension.size, int) and len(value) != dimension.size:
        return f"has {len(value)} numbers, its size is {dimension.size}"
    if dimension.type == "simplex":
        is_fine = min(value) >= 0 and abs(math.fsum(value) - 1) <= TOLERANCE
        return None if is_fine else f"must be numbers from 0 that sum to 1, got {short(value)}"
    if abs(value[0] - dimension.first) > TOLERANCE:
        return f"must start with {dimension.first:g}, got {short(value)}"
    low, high = float(dimension.low or 0), float(dimension.high or 1)
    if min(value) <= 0:
        return f"must be numbers above 0, got {short(value)}"
    ratios = [after / before for before, after in pairwise(value)]
    if any(not low - TOLERANCE <= ratio <= high + TOLERANCE for ratio in ratios):
        return f"must fall by a ratio from {low:g} to {high:g} at each number, got {short(value)}"
    return None


def with_sizes(
    context: Context,
    path: str,
    dimensions: Mapping[str, Dimension],
    written: Mapping[str, Any],
) -> dict[str, Dimension]:
    """Return the dimensions, the largest size of each list filled in; faults are entered.

    Args:
        context: Of the file.
        path: Of the section.
        dimensions: Those that could be read.
        written: All entries of the section, faulty ones included.
    """
    found = dict(dimensions)
    for name, dimension in dimensions.items():
        if isinstance(dimension, VectorDimension):
            at = f"{path}.{name}.size"
            largest = _largest(context, at, dimension, dimensions, written)
            found[name] = replace(dimension, largest=largest)
            _check_levels(context, at, dimension, dimensions)
    return found


def _largest(
    context: Context,
    at: str,
    dimension: VectorDimension,
    dimensions: Mapping[str, Dimension],
    written: Mapping[str, Any],
) -> int:
    size = dimension.size
    if isinstance(size, int):
        return size
    flat = dict(leaves(context.base))
    others = {k: v for k, v in dimensions.items() if not isinstance(v, VectorDimension)}
    setters = [others[size]] if size in others else _setters(others, size)
    counts = [count for setter in setters for count in _values(setter, size)]
    if not setters or any(setter.when for setter in setters):
        counts.append(flat.get(size))
    if size not in others and size not in flat:
        if size not in written:
            known = {*written, *table_of(context.base)} - {dimension.name}
            context.faults.add(
                at, f"{size!r} is neither a dimension nor a setting; {nearest(size, known)}"
            )
        return 1
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in counts):
        context.faults.add(at, f"{size!r} is no count from 1; name {LEVELS} or write a number")
        return 1
    return max(int(count) for count in counts if count is not None)


def _setters(dimensions: Mapping[str, Dimension], setting: str) -> list[Dimension]:
    """Return the dimensions that set it."""
    return [
        dimension
        for dimension in dimensions.values()
        if dimension.path == setting
        or (
            isinstance(dimension.choices, Mapping)
            and any(setting in sets for sets in dimension.choices.values())
        )
    ]


def _values(dimension: Dimension, setting: str) -> list[Any]:
    """Return the values of the setting that count for the largest size."""
    if isinstance(dimension.choices, Mapping):
        return [sets[setting] for sets in dimension.choices.values() if setting in sets]
    if dimension.choices is not None:
        return list(dimension.choices)
    return [dimension.low, dimension.high]


def _check_levels(
    context: Context, at: str, dimension: VectorDimension, dimensions: Mapping[str, Dimension]
) -> None:
    """Enter a fault where a list per level has another size than there are levels."""
    if dimension.path not in PER_LEVEL:
        return
    setters = _setters(dimensions, LEVELS)
    if isinstance(dimension.size, int):
        is_fine = not setters and dict(leaves(context.base)).get(LEVELS) == dimension.size
    else:
        named = dimensions.get(dimension.size)
        is_fine = dimension.size == LEVELS or (named is not None and named.path == LEVELS)
    if not is_fine:
        text = f"{dimension.path} takes one number per level; write size: {LEVELS}"
        context.faults.add(at, text)


def _is_number(value: Any) -> TypeGuard[float]:
    is_real = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_real and math.isfinite(value)
