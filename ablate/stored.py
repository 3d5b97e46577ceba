"""Stored JSON documents as frozen dataclasses: one decoder for reading, one encoder for writing.

A field is stored under its own name, or under `stored(name=...)`. What an older version did not
write has the field's default; keys that no field has are ignored, so that a newer document can
still be read.
"""

import functools
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, field, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ablate.errors import DataError

T = TypeVar("T")
SCALARS: dict[type, tuple[type, ...]] = {
    bool: (bool,),
    int: (int,),
    float: (float, int),
    str: (str,),
}


def stored(
    *,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    name: str | None = None,
    optional: bool = False,
    inline: bool = False,
) -> Any:
    """A dataclass field with the rules by which it is stored.

    Args:
        default: As of `dataclasses.field`.
        default_factory: As of `dataclasses.field`.
        name: Key in the document, where it is not the name of the field.
        optional: Whether the key is left out where the value is the default.
        inline: Whether the entries of this mapping stand among the keys of the document itself.
    """
    rules = {"name": name, "optional": optional, "inline": inline}
    if default_factory is not MISSING:
        return field(default_factory=default_factory, metadata=rules)
    return field(default=default, metadata=rules)


def decode(kind: type[T], raw: object, *, where: str) -> T:
    """Read a value of some type from plain JSON.

    Args:
        kind: A dataclass, or what one may hold: scalars, Literal, tuples, mappings, unions.
        raw: As `json.loads` returns it; whole numbers are taken for floats and stay as they are.
        where: What is read, for the message.

    Raises:
        DataError: A key is missing, or a value is of another type; names its path.

    Example:
        >>> decode(tuple[int, ...], [1, 2], where="seeds")
        (1, 2)
    """
    return cast(T, _decoded(kind, raw, where))


def encode(value: Any) -> Any:
    """Turn a value into plain JSON types: dictionaries, lists and scalars.

    Example:
        >>> encode({"a": (1, None)})
        {'a': [1, None]}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return _encoded(value)
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    return value


def _encoded(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in fields(value):
        held, rules = getattr(value, one.name), one.metadata
        if rules.get("inline"):
            found |= encode(held)
        elif not (rules.get("optional") and held in (one.default, _made(one.default_factory))):
            found[rules.get("name") or one.name] = encode(held)
    return found


def _made(factory: Any) -> Any:
    return MISSING if factory is MISSING else factory()


def _decoded(kind: Any, raw: Any, where: str) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return raw
    if is_dataclass(kind):
        return _object(kind, raw, where)
    if origin in (Union, types.UnionType):
        return _one_of(args, raw, where)
    if origin is Literal:
        if raw not in args:
            raise DataError(f"{where}: must be one of {', '.join(map(str, args))}, got {raw!r}")
        return raw
    if origin is tuple:
        return _tuple(args, raw, where)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(raw, Mapping):
            raise DataError(f"{where}: must be a mapping, got {raw!r:.60}")
        return {key: _decoded(args[1], item, f"{where}.{key}") for key, item in raw.items()}
    if not isinstance(raw, SCALARS[kind]) or (isinstance(raw, bool) and kind is not bool):
        raise DataError(f"{where}: must be of type {kind.__name__}, got {raw!r:.60}")
    return raw


def _object(kind: Any, raw: Any, where: str) -> Any:
    if not isinstance(raw, Mapping):
        raise DataError(f"{where}: must be a mapping, got {raw!r:.60}")
    values: dict[str, Any] = {}
    inline = None
    keys = set()
    for name, key, hint, is_needed, is_inline in _layout(kind):
        keys.add(key)
        if is_inline:
            inline = name, hint
        elif key in raw:
            values[name] = _decoded(hint, raw[key], f"{where}.{key}")
        elif is_needed:
            raise DataError(f"{where}: has no {key}; was it written by this program?")
    if inline is not None:
        rest = {key: item for key, item in raw.items() if key not in keys}
        values[inline[0]] = _decoded(inline[1], rest, where)
    return kind(**values)


@functools.cache
def _layout(kind: Any) -> list[tuple[str, str, Any, bool, bool]]:
    """Name, key, type, whether it is needed and whether it is inline, for each field of a class."""
    hints = get_type_hints(kind)
    return [
        (
            one.name,
            one.metadata.get("name") or one.name,
            hints[one.name],
            one.default is MISSING and one.default_factory is MISSING,
            bool(one.metadata.get("inline")),
        )
        for one in fields(kind)
    ]


def _one_of(kinds: Sequence[Any], raw: Any, where: str) -> Any:
    if raw is None and types.NoneType in kinds:
        return None
    rest = [kind for kind in kinds if kind is not types.NoneType]
    for kind in rest[:-1]:
        try:
            return _decoded(kind, raw, where)
        except DataError:
            continue
    return _decoded(rest[-1], raw, where)


def _tuple(kinds: Sequence[Any], raw: Any, where: str) -> Any:
    if not isinstance(raw, list | tuple):
        raise DataError(f"{where}: must be a list, got {raw!r:.60}")
    if len(kinds) == 2 and kinds[1] is ...:
        return tuple(_decoded(kinds[0], item, f"{where}[{at}]") for at, item in enumerate(raw))
    if len(kinds) != len(raw):
        raise DataError(f"{where}: must have {len(kinds)} entries, got {len(raw)}")
    pairs = zip(kinds, raw, strict=True)
    return tuple(_decoded(kind, item, f"{where}[{at}]") for at, (kind, item) in enumerate(pairs))
