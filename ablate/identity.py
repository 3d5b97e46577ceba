"""Names that follow from content: canonical JSON, hashes, and seeds derived from them."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = (
    bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None
)


def canonical_json(value: JsonValue) -> str:
    """Return one text per value: sorted keys, no spaces, whole floats as integers.

    Raises:
        ValueError: The value holds NaN or an infinity, which JSON cannot say.

    Example:
        >>> canonical_json({"b": 1.0, "a": [0.5, True]})
        '{"a":[0.5,true],"b":1}'
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(value: JsonValue) -> JsonValue:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    return value


def digest(value: JsonValue, *, length: int = 12) -> str:
    """Return the first `length` hex digits of the SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:length]


def derive_seed(*parts: JsonValue) -> int:
    """Return a seed in [0, 2**32) that depends on every part and on nothing else."""
    return int(digest(list(parts), length=8), 16)
