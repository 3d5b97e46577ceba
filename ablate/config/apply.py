"""From values of dimensions to settings: which are active, what they set, what they violate."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ablate.config.expressions import MissingNameError, parse
from ablate.config.schema import Constraint, Dimension, VectorDimension
from ablate.errors import ConfigError, nearest
from ablate.settings.recipes import recipe


def apply(
    base: Mapping[str, Any], dimensions: Mapping[str, Dimension], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a copy of the base settings in which every given value stands at its path.

    Inactive dimensions are the caller's to leave out, see `active`.

    Raises:
        ConfigError: A value has no dimension, or a bundle has no such choice.
    """
    settings: dict[str, Any] = _copy(base)
    for name, value in values.items():
        if name not in dimensions:
            raise ConfigError(f"{name}: no such dimension; {nearest(name, dimensions)}")
        for path, item in effects(dimensions[name], value).items():
            _put(settings, path, item)
    return settings


def effects(dimension: Dimension, value: Any) -> dict[str, Any]:
    """Return dotted path -> setting that one value of a dimension sets.

    Raises:
        ConfigError: A bundle has no such choice.
    """
    if dimension.type != "bundle":
        if dimension.path == "train.preset":
            return {f"train.{name}": item for name, item in recipe(value)[0].items()}
        if dimension.type == "int" and isinstance(value, float) and value == int(value):
            value = int(value)
        return {str(dimension.path): value}
    choices = dimension.choices if isinstance(dimension.choices, Mapping) else {}
    if value not in choices:
        raise ConfigError(
            f"{dimension.name}: no choice is called {value!r}; {nearest(str(value), choices)}"
        )
    return dict(choices[value])


def active(
    dimensions: Mapping[str, Dimension], values: Mapping[str, Any], base: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values whose dimension's `when` holds, in the order given.

    A name in `when` means the value of that active dimension, else the setting at that dotted path,
    else the one setting of that last name. A dimension whose `when` needs a name that is none of
    these is not active.
    """
    kept = dict(values)
    while True:
        settings = apply(base, dimensions, kept)
        dropped = [
            name
            for name in kept
            if not _holds(
                dimensions[name].when,
                settings,
                kept,
                dimensions,
                unknown=False,
                where=f"{name}.when",
            )
        ]
        if not dropped:
            return kept
        for name in dropped:
            del kept[name]


def violations(
    constraints: Sequence[Constraint], settings: Mapping[str, Any], values: Mapping[str, Any]
) -> list[str]:
    """Return one line for every constraint that does not hold.

    A constraint about a name that is absent (a dimension that is not active and has no setting)
    does not apply.
    """
    return [
        f"{constraint.name}: {constraint.require} does not hold; {constraint.because}"
        for constraint in constraints
        if not _holds(
            constraint.require,
            settings,
            values,
            {},
            unknown=True,
            where=f"{constraint.name}.require",
        )
    ]


def size_of(
    dimension: VectorDimension,
    dimensions: Mapping[str, Dimension],
    values: Mapping[str, Any],
    base: Mapping[str, Any],
) -> int:
    """Return how many numbers a list-valued dimension has where the others have these values."""
    if isinstance(dimension.size, int):
        return dimension.size
    settings = apply(base, dimensions, values)
    return int(_look_up(dimension.size, settings, values, dimensions))


def baselines(dimensions: Mapping[str, Dimension]) -> dict[str, Any]:
    """Return the baseline value of every dimension, active or not."""
    return {name: dimension.baseline for name, dimension in dimensions.items()}


def leaves(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted path, value) for everything that is not a mapping."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _holds(
    text: str | None,
    settings: Mapping[str, Any],
    values: Mapping[str, Any],
    dimensions: Mapping[str, Dimension],
    *,
    unknown: bool,
    where: str,
) -> bool:
    if text is None:
        return True
    try:
        return bool(parse(text).evaluate(lambda name: _look_up(name, settings, values, dimensions)))
    except MissingNameError:
        return unknown
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def value_of(name: str, settings: Mapping[str, Any]) -> Any:
    """Return the setting at a dotted path, or the one setting of that last name.

    Raises:
        MissingNameError: There is none, or several.
    """
    return _look_up(name, settings, {}, {})


def _look_up(
    name: str,
    settings: Mapping[str, Any],
    values: Mapping[str, Any],
    dimensions: Mapping[str, Dimension],
) -> Any:
    if name in values:
        return values[name]
    flat = dict(leaves(settings))
    path = dimensions[name].path if name in dimensions else None
    for key in (path, name):
        if key in flat:
            return flat[key]
    ends = [key for key in flat if key.rpartition(".")[2] == name]
    if len(ends) == 1:
        return flat[ends[0]]
    raise MissingNameError(name)


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _put(settings: dict[str, Any], path: str, value: Any) -> None:
    *sections, last = path.split(".")
    for section in sections:
        settings = settings.setdefault(section, {})
        if not isinstance(settings, dict):
            raise ConfigError(f"{path}: {section} is a value, not a section; name a full path")
    settings[last] = _copy(value)
