"""Read and check the dimensions and constraints of a search space."""

import keyword
import math
import re
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, cast

from ablate.config.apply import leaves, value_of
from ablate.config.expressions import MissingNameError, parse
from ablate.config.faults import Faults, short
from ablate.config.schema import Constraint, Dimension, DimensionType, VectorDimension
from ablate.config.settings import Context, table_of
from ablate.config.vectors import check_vector, list_fault, with_sizes
from ablate.errors import ConfigError, nearest

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
TYPES = ("int", "float", "categorical", "bundle", "simplex", "decreasing")
ALL = ("type", "baseline", "label", "when")
KEYS: dict[str, tuple[str, ...]] = {
    "int": (*ALL, "path", "low", "high", "log", "step"),
    "float": (*ALL, "path", "low", "high", "log", "step"),
    "categorical": (*ALL, "path", "choices"),
    "bundle": (*ALL, "choices"),
    "simplex": (*ALL, "path", "size"),
    "decreasing": (*ALL, "path", "size", "first", "low", "high", "log"),
}


def read_dimensions(context: Context, path: str, raw: Any) -> dict[str, Dimension]:
    """Return the dimensions; those with faults are left out and their faults entered."""
    faults = context.faults
    dimensions: dict[str, Dimension] = {}
    entries = faults.mapping(path, raw)
    for name, values in entries.items():
        at = f"{path}.{name}"
        before = len(faults.lines)
        if not usable_name(faults, at, name):
            continue
        entry = faults.mapping(at, values)
        kind = entry.get("type")
        if kind not in TYPES:
            text = f"must be one of {', '.join(TYPES)}, got {short(kind)}"
            faults.add(f"{at}.type", text if "type" in entry else f"is missing; {text[:-10]}")
            continue
        faults.unknown_keys(at, entry, KEYS[kind], f"setting of a {kind} dimension")
        if len(faults.lines) == before:
            dimension = _dimension(context, at, name, entry)
            if len(faults.lines) == before:
                dimensions[name] = dimension
    dimensions = with_sizes(context, path, dimensions, entries)
    _check_paths(faults, path, dimensions)
    uses: dict[str, tuple[str, ...]] = {}
    for name, dimension in dimensions.items():
        if dimension.when is not None:
            uses[name] = check_expression(context, f"{path}.{name}.when", dimension.when, entries)
            if name in uses[name]:
                faults.add(f"{path}.{name}.when", f"names {name!r} itself; name another dimension")
    for circle in _circles(uses):
        text = f"{', '.join(circle)} depend on each other in a circle; remove one `when`"
        faults.add(f"{path}.{circle[0]}.when", text)
    return dimensions


def read_constraints(
    context: Context, path: str, raw: Any, dimensions: Collection[str]
) -> tuple[Constraint, ...]:
    """Return the constraints, their expressions checked."""
    faults, constraints = context.faults, []
    for name, values in faults.mapping(path, raw).items():
        at = f"{path}.{name}"
        entry = faults.mapping(at, values)
        faults.unknown_keys(at, entry, ("require", "because"), "setting of a constraint")
        require = faults.text(f"{at}.require", entry.get("require"), needed=True)
        because = faults.text(f"{at}.because", entry.get("because"), needed=True)
        if require:
            check_expression(context, f"{at}.require", require, dimensions)
            constraints.append(Constraint(name=str(name), require=require, because=because))
    return tuple(constraints)


def check_expression(
    context: Context, path: str, text: str, dimensions: Collection[str]
) -> tuple[str, ...]:
    """Return the names of an expression; enter a fault for a wrong one and for unknown names."""
    try:
        names = parse(text).names
    except ConfigError as error:
        context.faults.add(path, str(error))
        return ()
    settings = {key for key, _ in leaves(context.base)} | set(table_of(context.base))
    ends = [key.rpartition(".")[2] for key in settings]
    unknown = [n for n in names if not (n in dimensions or n in settings or ends.count(n) == 1)]
    for name in unknown:
        context.faults.add(
            path,
            f"{short(name)} is neither a dimension nor a setting; "
            f"{nearest(name, {*dimensions, *settings})}",
        )
    if not unknown:
        _try_out(context, path, text, dimensions)
    return names


def _try_out(context: Context, path: str, text: str, dimensions: Collection[str]) -> None:
    """Enter a fault where the baseline values do not fit the operations of an expression."""

    def look_up(name: str) -> Any:
        entry = dimensions.get(name) if isinstance(dimensions, Mapping) else None
        if not isinstance(entry, Mapping):
            return value_of(name, context.base)
        return (
            entry["baseline"]
            if "baseline" in entry
            else value_of(str(entry.get("path")), context.base)
        )

    try:
        parse(text).evaluate(look_up)
    except MissingNameError:
        return
    except ConfigError as error:
        context.faults.add(path, str(error))


def _circles(uses: Mapping[str, tuple[str, ...]]) -> list[list[str]]:
    """Return every set of two or more names that use each other in a circle, once."""
    reached = {name: set(used) for name, used in uses.items()}
    for _ in uses:
        for name, used in reached.items():
            reached[name] = used.union(*(reached.get(other, set()) for other in used))
    found = [
        [other for other in uses if other in reached[name] and name in reached[other]]
        for name in uses
    ]
    return [names for at, names in enumerate(found) if len(names) > 1 and names not in found[:at]]


def usable_name(faults: Faults, path: str, name: object) -> bool:
    """Return whether a name can stand in expressions and overrides; else enter a fault."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        text = (
            "a name has letters, digits and _, starts with a letter and has at most 64; rename it"
        )
        faults.add(path, text)
        return False
    if keyword.iskeyword(name) or name in ("true", "false", "null"):
        faults.add(path, f"{name!r} is a word of the expression language; rename it")
        return False
    return True


def value_fault(context: Context, dimension: Dimension, value: Any) -> str | None:
    """Return what is wrong with one value of a dimension, None when it is one of its values."""
    if dimension.type in ("categorical", "bundle"):
        choices = list(dimension.choices or ())
        if any(value == choice and type(value) is type(choice) for choice in choices):
            return None
        return f"{short(value)} is no choice; {nearest(str(value), [str(c) for c in choices])}"
    if isinstance(dimension, VectorDimension):
        fault = None if isinstance(value, str) else list_fault(dimension, value)
        return fault or context.setting_fault(str(dimension.path), value)
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or (dimension.type == "int" and not isinstance(value, int))
        or not math.isfinite(value)
    ):
        what = "a whole number" if dimension.type == "int" else "a number"
        return f"must be {what}, got {short(value)}"
    low, high = cast(float, dimension.low), cast(float, dimension.high)  # read_dimensions saw to it
    if not low <= value <= high:
        return f"{value} lies outside {low} to {high}"
    return context.setting_fault(str(dimension.path), value)


def _dimension(context: Context, at: str, name: str, entry: Mapping[str, Any]) -> Dimension:
    faults = context.faults
    kind = cast(DimensionType, entry["type"])
    path: str | None = None
    choices: Any = None
    if kind == "bundle":
        choices = _bundle(context, f"{at}.choices", entry.get("choices"))
    else:
        path = faults.text(f"{at}.path", entry.get("path"), needed=True) or None
        if kind == "categorical":
            choices = _choices(context, f"{at}.choices", entry.get("choices"), path)
        elif path and kind in ("simplex", "decreasing"):
            check_vector(context, at, entry, path)
        elif path:
            _check_range(context, at, entry, path)
    numbers = {key: entry.get(key) for key in ("low", "high", "step")} if choices is None else {}
    make: Callable[..., Dimension] = Dimension
    if kind in ("simplex", "decreasing"):
        first = entry.get("first", 1.0)
        make = partial(VectorDimension, size=entry.get("size", 1), largest=1, first=first)
    dimension = make(
        name=name,
        type=kind,
        path=path,
        log=faults.flag(f"{at}.log", entry.get("log")),
        choices=choices,
        label=faults.text(f"{at}.label", entry.get("label"), default=name.replace("_", " ")),
        when=faults.text(f"{at}.when", entry.get("when")) or None,
        **numbers,
        baseline=entry["baseline"]
        if "baseline" in entry
        else _base_value(context.base, path, choices),
    )
    if not any(line.startswith(f"{faults.where}: {at}.") for line in faults.lines):
        text = value_fault(context, dimension, dimension.baseline)
        if text:
            missing = "" if "baseline" in entry else "taken from base: "
            faults.add(f"{at}.baseline", missing + text)
    return dimension


def _check_range(context: Context, at: str, entry: Mapping[str, Any], path: str) -> None:
    faults, kind, numbers = context.faults, entry["type"], True
    for key in ("low", "high", "step"):
        value = entry.get(key)
        if value is None and key == "step":
            continue
        right = (int,) if kind == "int" else (int, float)
        if value is None:
            text = "is missing; write a number"
        elif isinstance(value, bool) or not isinstance(value, right) or not math.isfinite(value):
            what = "a whole number" if kind == "int" else "a number"
            text = f"must be {what}, got {short(value)}"
        else:
            continue
        numbers = False
        faults.add(f"{at}.{key}", text)
    if not numbers:
        return
    low, high, step = entry["low"], entry["high"], entry.get("step")
    if low >= high:
        faults.add(f"{at}.low", f"must be below high, got {low} and {high}")
    if step is not None and not 0 < step <= high - low:
        faults.add(f"{at}.step", f"must be above 0 and within the range, got {step}")
    if entry.get("log") is True and low <= 0:
        faults.add(f"{at}.low", f"must be above 0 on a log scale, got {low}")
    if entry.get("log") is True and step is not None:
        faults.add(f"{at}.step", "does not go with a log scale; remove one of the two")
    for key in ("low", "high"):
        fault = context.setting_fault(path, entry[key])
        if fault:
            where = f"{at}.path" if fault.startswith("no such") else f"{at}.{key}"
            faults.add(where, f"{path}: {fault}")


def _choices(context: Context, at: str, raw: Any, path: str | None) -> tuple[Any, ...]:
    faults = context.faults
    if not isinstance(raw, list) or len(raw) < 2:
        faults.add(at, f"must be a list of at least two values, got {short(raw)}")
        return ()
    if len({repr(value) for value in raw}) < len(raw):
        faults.add(at, "has one value twice; remove the second")
    for value in raw:
        text = context.setting_fault(path, value) if path else None
        if text:
            faults.add(at, f"{path}: {text}")
    return tuple(raw)


def _bundle(context: Context, at: str, raw: Any) -> dict[str, dict[str, Any]]:
    faults = context.faults
    if not isinstance(raw, dict) or len(raw) < 2:
        faults.add(at, "must map at least two names to settings, e.g. {a: {loss.sign: kept}, ...}")
        return {}
    bundle: dict[str, dict[str, Any]] = {}
    for choice, settings in raw.items():
        usable_name(faults, f"{at}.{choice}", choice)
        bundle[str(choice)] = dict(faults.mapping(f"{at}.{choice}", settings))
        for path, value in bundle[str(choice)].items():
            text = context.setting_fault(str(path), value)
            if text:
                faults.add(f"{at}.{choice}.{path}", text)
    same = [name for name in bundle if list(bundle.values()).count(bundle[name]) > 1]
    if same:
        faults.add(at, f"{' and '.join(same)} set the same; remove one")
    return bundle


def _base_value(base: Mapping[str, Any], path: str | None, choices: Any) -> Any:
    flat = dict(leaves(base))
    if path is not None or not isinstance(choices, Mapping):
        return flat.get(str(path))
    fitting = [
        name for name, sets in choices.items() if all(flat.get(p) == v for p, v in sets.items())
    ]
    return fitting[0] if fitting else None


def _check_paths(faults: Faults, path: str, dimensions: Mapping[str, Dimension]) -> None:
    owners: dict[str, str] = {}
    for name, dimension in dimensions.items():
        bundle = dimension.choices if isinstance(dimension.choices, Mapping) else {}
        sets = {key for some in bundle.values() for key in some} or {str(dimension.path)}
        for key in sorted(sets):
            if key in owners:
                faults.add(f"{path}.{name}", f"sets {key} like {owners[key]!r}; remove one of them")
            owners.setdefault(key, name)
