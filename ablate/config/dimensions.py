"""The dimensions and constraints of a search space: what a file may say, and its check."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import Field

from ablate.config.apply import leaves, value_of
from ablate.config.entries import (
    Entry,
    Flag,
    Name,
    Number,
    Parts,
    Positive,
    Problem,
    Said,
    Text,
    Whole,
    name_error,
    or_close,
    read,
)
from ablate.config.errors import short
from ablate.config.expressions import MissingNameError, parse
from ablate.config.schema import Constraint, Dimension, VectorDimension
from ablate.config.settings import table_of
from ablate.errors import ConfigError, nearest
from ablate.identity import canonical_json
from ablate.numbers import is_number, is_whole
from ablate.positions import on_step

PER_LEVEL = ("loss.scales", "loss.weights")  # have one number per level
LEVELS = "loss.levels"
TOLERANCE = 1e-6
STEPS_ARE_CHECKED = 3  # version of the defaults

Path = Annotated[Text, Field(description="Dotted path of the setting, such as loss.ratio.")]
TYPE: Any = Field(description="What its values are.")
Low = Field(description="Least value, included.")
High = Field(description="Greatest value, included.")
Step = Field(None, description="Distance of neighbouring values; absent: any value.")
Log = Annotated[
    Flag | None, Field(description="Whether values are spread evenly in the logarithm.")
]
Ratio = Annotated[float, Field(gt=0, lt=1), Said("a ratio above 0 and below 1")]
Several = Annotated[list[Any], Field(min_length=2), Said("a list of at least two values")]
Size = Annotated[
    Positive | Text,
    Said(f"a whole number from 1 or what says it, such as {LEVELS}"),
    Field(description="Numbers in the list: a count, or the dimension or setting that says it."),
]


class _DimensionEntry(Entry):
    label: Text | None = Field(None, description="What figures call it.")
    when: Text | None = Field(
        None, description="An expression; the dimension is absent where it is false."
    )
    baseline: Any = Field(None, description="Value of the baseline; by default that of base.")


class _RangeEntry(_DimensionEntry):
    path: Path
    low: Any
    high: Any
    log: Log = None
    step: Any = None

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        low = self.low if self.has("low") else math.nan  # compares as false with everything
        high = self.high if self.has("high") else math.nan
        if low >= high:
            yield "low", f"must be below high, got {low} and {high}"
        if self.step is not None and (self.step <= 0 or self.step > high - low):
            yield "step", f"must be above 0 and within the range, got {self.step}"
        elif self.step is not None:
            yield from self._off_step(parts)
        if self.log and low <= 0:
            yield "low", f"must be above 0 on a log scale, got {low}"
        if self.log and self.step is not None:
            yield "step", "does not go with a log scale; remove one of the two"
        for key in ("low", "high") if self.has("path", "low", "high") else ():
            if text := parts.settings.setting_fault(self.path, getattr(self, key)):
                yield "path" if text.startswith("no such") else key, f"{self.path}: {text}"

    def _off_step(self, parts: Parts) -> Iterator[Problem]:
        """Yield the end and the baseline that whole steps from the low end never reach.

        Studies of stores that began before version 3 of the defaults go on as they began.
        """
        if parts.defaults < STEPS_ARE_CHECKED or not self.has("low", "high", "step"):
            return
        is_given = self.baseline is not None
        baseline = self.baseline if is_given else _base_value(parts.settings.base, self.path, None)
        for key, value in (("high", self.high), ("baseline", baseline)):
            is_inside = is_number(value) and self.low <= value <= self.high
            if not is_inside or on_step(value, low=self.low, step=self.step) == value:
                continue
            count = math.floor((value - self.low) / self.step)
            near = [
                on_step(self.low + n * self.step, low=self.low, step=self.step)
                for n in (count, count + 1)
            ]
            taken = "taken from base: " if key == "baseline" and not is_given else ""
            yield (
                key,
                (
                    f"{taken}steps of {self.step:g} from {self.low:g} never reach {value:g}; "
                    f"write {near[0]:g} or {near[1]:g}"
                ),
            )


class IntDimensionEntry(_RangeEntry):
    """A setting that takes whole numbers of a closed range."""

    what: ClassVar[str] = "setting of an int dimension"
    type: Literal["int"] = TYPE
    low: Whole = Low
    high: Whole = High
    step: Whole | None = Step


class FloatDimensionEntry(_RangeEntry):
    """A setting that takes numbers of a closed range."""

    what: ClassVar[str] = "setting of a float dimension"
    type: Literal["float"] = TYPE
    low: Number = Low
    high: Number = High
    step: Number | None = Step


class CategoricalDimensionEntry(_DimensionEntry):
    """A setting that takes one of several values."""

    what: ClassVar[str] = "setting of a categorical dimension"
    type: Literal["categorical"] = TYPE
    path: Path
    choices: Several = Field(description="The values.")

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        choices = self.choices if self.has("choices") else []
        if len({canonical_json(value) for value in choices}) < len(choices):
            yield "choices", "has one value twice; remove the second"
        for value in choices if self.has("path") else ():
            if text := parts.settings.setting_fault(self.path, value):
                yield "choices", f"{self.path}: {text}"


class BundleDimensionEntry(_DimensionEntry):
    """Several settings that vary together: each choice has a name and sets all of them."""

    what: ClassVar[str] = "setting of a bundle dimension"
    type: Literal["bundle"] = TYPE
    choices: dict[Name, dict[str, Any] | None] = Field(
        description="Choice -> {dotted path: value}; at least two.",
        json_schema_extra={"minProperties": 2, "needed": "write {a: {PATH: VALUE}, b: {...}}"},
    )

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        if not self.has("choices"):
            return
        if len(self.choices) < 2:
            example = "{a: {loss.sign: kept}, b: {loss.sign: free}}"
            yield "choices", f"must map at least two names to settings, e.g. {example}"
        for choice, sets in self.choices.items():
            for path, value in (sets or {}).items():
                if text := parts.settings.setting_fault(path, value):
                    yield f"choices.{choice}.{path}", text
        every = list(self.choices.values())
        same = [name for name, sets in self.choices.items() if every.count(sets) > 1]
        if same:
            yield "choices", f"{' and '.join(same)} set the same; remove one"


class _VectorDimensionEntry(_DimensionEntry):
    path: Path
    size: Size

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        setting = table_of(parts.settings.base).get(self.path)
        if not self.has("path"):
            return
        if setting is None:
            text = parts.settings.setting_fault(self.path, [1.0]) or "is open"
            yield "path", f"{self.path}: {text}"
        elif setting.type != "numbers":
            text = f"{self.path} takes no list of numbers; name loss.weights or the like"
            yield "path", text


class SimplexDimensionEntry(_VectorDimensionEntry):
    """A setting that takes a list of numbers from 0 that sum to 1."""

    what: ClassVar[str] = "setting of a simplex dimension"
    type: Literal["simplex"] = TYPE


class DecreasingDimensionEntry(_VectorDimensionEntry):
    """A setting that takes a falling list: `first`, then each number by a ratio below the last."""

    what: ClassVar[str] = "setting of a decreasing dimension"
    type: Literal["decreasing"] = TYPE
    first: Annotated[Number, Field(gt=0, le=1), Said("a number above 0 and at most 1")] = Field(
        1.0,
        description="First number of the list.",
        json_schema_extra={"exclusiveMinimum": 0, "maximum": 1},
    )
    low: Ratio = Field(description="Least ratio of a number to the one before it.")
    high: Ratio = Field(description="Greatest ratio of a number to the one before it.")
    log: Log = None

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        yield from super()._problems(parts)
        if self.has("low", "high") and self.low >= self.high:
            yield "low", f"must be below high, got {self.low} and {self.high}"


class ConstraintEntry(Entry):
    """A combination of values is tried only where `require` holds."""

    what: ClassVar[str] = "setting of a constraint"
    require: Text = Field(description="An expression over dimensions, such as levels * ratio < 2.")
    because: Text = Field(description="The reason, as the report prints it.")

    def _problems(self, parts: Parts) -> Iterator[Problem]:
        for text in expression_errors(parts, self.require) if self.has("require") else ():
            yield "require", text


AnyDimension = (
    IntDimensionEntry
    | FloatDimensionEntry
    | CategoricalDimensionEntry
    | BundleDimensionEntry
    | SimplexDimensionEntry
    | DecreasingDimensionEntry
)
DIMENSIONS: dict[str, type[_DimensionEntry]] = {
    "int": IntDimensionEntry,
    "float": FloatDimensionEntry,
    "categorical": CategoricalDimensionEntry,
    "bundle": BundleDimensionEntry,
    "simplex": SimplexDimensionEntry,
    "decreasing": DecreasingDimensionEntry,
}


def read_dimensions(parts: Parts, path: str, raw: Any) -> dict[str, Dimension]:
    """Return the dimensions of a section; those with errors are left out."""
    errors = parts.errors
    entries = errors.mapping(path, raw)
    found: dict[str, Dimension] = {}
    for name, values in entries.items():
        at = f"{path}.{name}"
        before = len(errors.lines)
        if text := name_error(name):
            errors.add(at, text)
            continue
        model = _model(parts, at, values)
        if model is None:
            continue
        entry = read(model, values, at, parts)
        if len(errors.lines) > before:
            continue
        dimension = _dimension(parts, name, entry)
        if text := value_error(parts, dimension, dimension.baseline):
            taken = "" if "baseline" in entry.model_fields_set else "taken from base: "
            errors.add(f"{at}.baseline", taken + text)
        else:
            found[name] = dimension
    found = _with_sizes(parts, path, found, entries)
    _check_paths(parts, path, found)
    _check_conditions(parts, path, found, entries)
    return found


def read_constraints(parts: Parts, path: str, raw: Any) -> tuple[Constraint, ...]:
    """Return the constraints of a space."""
    found = []
    for name, values in parts.errors.mapping(path, raw).items():
        entry = read(ConstraintEntry, values, f"{path}.{name}", parts)
        if entry.has("require", "because"):
            constraint = Constraint(name=str(name), require=entry.require, because=entry.because)
            found.append(constraint)
    return tuple(found)


def expression_errors(
    parts: Parts, text: str, dimensions: Mapping[str, Any] | None = None
) -> list[str]:
    """Return the error in an expression over dimensions and settings.

    Args:
        parts: For the base settings and the dimensions.
        text: The expression.
        dimensions: As they are written; by default those of the space.
    """
    base = parts.settings.base
    dimensions = parts.written if dimensions is None else dimensions
    try:
        names = parse(text).names
    except ConfigError as error:
        return [str(error)]
    settings = {key for key, _ in leaves(base)} | set(table_of(base))
    ends = [key.rpartition(".")[2] for key in settings]
    unknown = [n for n in names if not (n in dimensions or n in settings or ends.count(n) == 1)]
    if unknown:
        known = {*map(str, dimensions), *settings}
        return [
            f"{short(name)} is neither a dimension nor a setting; {nearest(name, known)}"
            for name in unknown
        ]

    def at_baseline(name: str) -> Any:
        entry = dimensions.get(name)
        if not isinstance(entry, Mapping):
            return value_of(name, base)
        return entry["baseline"] if "baseline" in entry else value_of(str(entry.get("path")), base)

    try:
        parse(text).evaluate(at_baseline)
    except MissingNameError:
        return []
    except ConfigError as error:
        return [str(error)]
    return []


def value_error(parts: Parts, dimension: Dimension, value: Any) -> str | None:
    """Return the error in one value of a dimension, None if it is one of its values."""
    if dimension.type in ("categorical", "bundle"):
        choices = list(dimension.choices or ())
        if any(value == choice and type(value) is type(choice) for choice in choices):
            return None
        return f"{short(value)} is not a choice; {nearest(str(value), [str(c) for c in choices])}"
    if isinstance(dimension, VectorDimension):
        text = None if isinstance(value, str) else _list_error(dimension, value)
        return text or parts.settings.setting_fault(str(dimension.path), value)
    is_int = dimension.type == "int"
    if not (is_whole(value) if is_int else is_number(value)):
        return f"must be {'a whole number' if is_int else 'a number'}, got {short(value)}"
    low, high = cast(float, dimension.low), cast(float, dimension.high)
    if not low <= value <= high:
        return f"{value} lies outside {low} to {high}"
    return parts.settings.setting_fault(str(dimension.path), value)


def _list_error(dimension: VectorDimension, value: Any) -> str | None:
    """Return the error in a list of numbers, None if it is a value of the dimension."""
    if not isinstance(value, list) or not value or not all(is_number(item) for item in value):
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


def _model(parts: Parts, at: str, values: Any) -> type[_DimensionEntry] | None:
    """Return the model of the type that an entry names; without one, add an error."""
    kind = values.get("type") if isinstance(values, Mapping) else None
    if isinstance(kind, str) and kind in DIMENSIONS:
        return DIMENSIONS[kind]
    types = f"must be one of {', '.join(DIMENSIONS)}"
    if values is not None and not isinstance(values, Mapping):
        parts.errors.add(at, f"must be a mapping of names, got {short(values)}")
    elif values is None or "type" not in values:
        parts.errors.add(f"{at}.type", f"is missing; {types}")
    else:
        tail = or_close(kind, list(DIMENSIONS))
        parts.errors.add(f"{at}.type", f"{types}, got {short(kind)}{tail}")
    return None


def _dimension(parts: Parts, name: str, entry: _DimensionEntry) -> Dimension:
    """Return the dimension that an entry without errors describes."""
    given = {key: getattr(entry, key) for key in entry.model_fields_set}
    given = {key: value for key, value in given.items() if value is not None or key == "baseline"}
    given.setdefault("label", name.replace("_", " "))
    choices = given.get("choices")
    if isinstance(choices, dict):
        given["choices"] = {choice: dict(sets or {}) for choice, sets in choices.items()}
    elif choices is not None:
        given["choices"] = tuple(choices)
    if "baseline" not in given:
        base, path = parts.settings.base, given.get("path")
        given["baseline"] = _base_value(base, path, given.get("choices"))
    if isinstance(entry, _VectorDimensionEntry):
        return VectorDimension(name=name, largest=1, **given)
    return Dimension(name=name, **given)


def _base_value(base: Mapping[str, Any], path: str | None, choices: Any) -> Any:
    """Return the value in the base settings; of a bundle, the choice that they agree with."""
    flat = dict(leaves(base))
    if path is not None or not isinstance(choices, Mapping):
        return flat.get(str(path))
    fitting = [
        name for name, sets in choices.items() if all(flat.get(p) == v for p, v in sets.items())
    ]
    return fitting[0] if fitting else None


def _check_conditions(
    parts: Parts, path: str, dimensions: Mapping[str, Dimension], written: Mapping[str, Any]
) -> None:
    """Add an error for a `when` that cannot be computed, or that depends on itself."""
    uses: dict[str, tuple[str, ...]] = {}
    for name, dimension in dimensions.items():
        if dimension.when is None:
            continue
        found = expression_errors(parts, dimension.when, written)
        for text in found:
            parts.errors.add(f"{path}.{name}.when", text)
        uses[name] = () if found else parse(dimension.when).names
        if name in uses[name]:
            text = f"names {name!r} itself; name another dimension"
            parts.errors.add(f"{path}.{name}.when", text)
    for circle in _circles(uses):
        text = f"{', '.join(circle)} depend on each other in a circle; remove one `when`"
        parts.errors.add(f"{path}.{circle[0]}.when", text)


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


def paths_of(dimension: Dimension) -> Collection[str]:
    """Return the settings that a dimension sets."""
    if isinstance(dimension.choices, Mapping):
        return {path for sets in dimension.choices.values() for path in sets}
    return {str(dimension.path)}


def _check_paths(parts: Parts, path: str, dimensions: Mapping[str, Dimension]) -> None:
    """Add an error where two dimensions set the same."""
    owners: dict[str, str] = {}
    for name, dimension in dimensions.items():
        for key in sorted(paths_of(dimension)):
            if key in owners:
                text = f"sets {key} like {owners[key]!r}; remove one of them"
                parts.errors.add(f"{path}.{name}", text)
            owners.setdefault(key, name)


def _with_sizes(
    parts: Parts, path: str, dimensions: Mapping[str, Dimension], written: Mapping[str, Any]
) -> dict[str, Dimension]:
    """Return the dimensions with the largest size of each list filled in."""
    found = dict(dimensions)
    for name, dimension in dimensions.items():
        if isinstance(dimension, VectorDimension):
            at = f"{path}.{name}.size"
            largest = _largest(parts, at, dimension, dimensions, written)
            found[name] = replace(dimension, largest=largest)
            _check_levels(parts, at, dimension, dimensions)
    return found


def _largest(
    parts: Parts,
    at: str,
    dimension: VectorDimension,
    dimensions: Mapping[str, Dimension],
    written: Mapping[str, Any],
) -> int:
    size = dimension.size
    if isinstance(size, int):
        return size
    flat = dict(leaves(parts.settings.base))
    others = {k: v for k, v in dimensions.items() if not isinstance(v, VectorDimension)}
    setters = [others[size]] if size in others else _setters(others, size)
    counts = [count for setter in setters for count in _values(setter, size)]
    if not setters or any(setter.when for setter in setters):
        counts.append(flat.get(size))
    if size not in others and size not in flat:
        if size not in written:
            known = {*map(str, written), *table_of(parts.settings.base)} - {dimension.name}
            parts.errors.add(
                at, f"{size!r} is neither a dimension nor a setting; {nearest(size, known)}"
            )
        return 1
    if not all(is_whole(count) and count >= 1 for count in counts):
        parts.errors.add(at, f"{size!r} is not a count from 1; name {LEVELS} or write a number")
        return 1
    return max(int(count) for count in counts)


def _setters(dimensions: Mapping[str, Dimension], setting: str) -> list[Dimension]:
    """Return the dimensions that set it."""
    return [one for one in dimensions.values() if setting in paths_of(one)]


def _values(dimension: Dimension, setting: str) -> list[Any]:
    """Return the values of the setting that count for the largest size."""
    if isinstance(dimension.choices, Mapping):
        return [sets[setting] for sets in dimension.choices.values() if setting in sets]
    if dimension.choices is not None:
        return list(dimension.choices)
    return [dimension.low, dimension.high]


def _check_levels(
    parts: Parts, at: str, dimension: VectorDimension, dimensions: Mapping[str, Dimension]
) -> None:
    """Add an error where a list per level has another size than there are levels."""
    if dimension.path not in PER_LEVEL:
        return
    if isinstance(dimension.size, int):
        levels = dict(leaves(parts.settings.base)).get(LEVELS)
        is_fine = not _setters(dimensions, LEVELS) and levels == dimension.size
    else:
        named = dimensions.get(dimension.size)
        is_fine = dimension.size == LEVELS or (named is not None and named.path == LEVELS)
    if not is_fine:
        text = f"{dimension.path} takes one number per level; write size: {LEVELS}"
        parts.errors.add(at, text)
