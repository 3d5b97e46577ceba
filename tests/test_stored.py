"""Stored documents: what is missing has a default, what is wrong is named with its path."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from ablate.errors import DataError
from ablate.stored import decode, encode, stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    at: float | str
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    name: str
    pairs: tuple[tuple[str, int], ...] = ()
    inner: Inner | None = None
    renamed: int = stored(default=0, name="old name")
    rare: tuple[int, ...] = stored(default=(), optional=True)
    rest: Mapping[str, float] = stored(default_factory=dict, inline=True)


def test_what_is_written_is_read_again() -> None:
    one = Outer(name="n", pairs=(("x", 1),), inner=Inner(at="s", kind="b"), rest={"lr": 0.5})
    raw = encode(one)
    assert raw == {
        "name": "n",
        "pairs": [["x", 1]],
        "inner": {"at": "s", "kind": "b"},
        "old name": 0,
        "lr": 0.5,
    }
    assert decode(Outer, raw, where="x") == one


def test_an_older_document_has_defaults_and_a_newer_one_keys_that_are_ignored() -> None:
    assert decode(Inner, {"at": 1, "added later": [1]}, where="x") == Inner(at=1)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({}, "x: has no name"),
        ({"name": 3}, "x.name: must be of type str, got 3"),
        ({"name": "n", "pairs": [["a", 1], ["b", "c"]]}, "x.pairs[1][1]: must be of type int"),
        ({"name": "n", "pairs": [["a"]]}, "x.pairs[0]: must have 2 entries, got 1"),
        ({"name": "n", "pairs": 3}, "x.pairs: must be a list"),
        ({"name": "n", "inner": {"at": True}}, "x.inner.at: must be of type"),
        ({"name": "n", "inner": {"at": 1.0, "kind": "c"}}, "x.inner.kind: must be one of a, b"),
        ({"name": "n", "inner": 3}, "x.inner: must be a mapping"),
        ([], "x: must be a mapping"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(raw: Any, told: str) -> None:
    with pytest.raises(DataError) as error:
        decode(Outer, raw, where="x")
    assert str(error.value).startswith(told)
