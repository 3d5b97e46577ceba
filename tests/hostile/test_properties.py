"""Whatever a file holds, a reader reads it or refuses it in words; the fuzz harnesses decide."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ablate.config import reading
from ablate.config.expressions import parse
from ablate.errors import ConfigError, one_line
from tests.fuzz import expression, journal, manifest, study
from tests.hostile.studies import RICH

QUIET = settings(deadline=None, derandomize=True, max_examples=100)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["qabf", "search", "_target_", "${x}", "ratio", "int", "0.2%", "levels > 1"])
)
keys = (
    st.sampled_from(
        [
            "title",
            "questions",
            "space",
            "dimensions",
            "factors",
            "phases",
            "base",
            "data",
            "name",
            "q",
            "loss",
            "ratio",
            "values",
            "type",
            "low",
            "high",
            "when",
            "path",
            "choices",
            "design",
            "seeds",
            "options",
            "executor",
            "store",
            "nuisance",
            "objective",
            "seed",
            "compare",
            "primary",
            "constraints",
            "require",
            "because",
            "_target_",
            "baseline",
            "metrics",
            "names",
        ]
    )
    | st.text(max_size=5)
    | st.integers()
    | st.none()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=25,
)


def paths(tree: dict[str, Any], before: str = "") -> Iterator[str]:
    """Yield the path of every value of a tree."""
    for key, value in tree.items():
        yield f"{before}{key}"
        if isinstance(value, dict):
            yield from paths(value, f"{before}{key}/")


PATHS = [*paths(RICH), "base/loss/weights", "base/metrics/names", "factors/ratio/baseline", "space"]


def put(tree: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy with another value at a path; sections on the way are made."""
    first, _, rest = path.partition("/")
    below = tree.get(first)
    inner = put(below if isinstance(below, dict) else {}, rest, value) if rest else value
    return {**tree, first: inner}


@QUIET
@given(tree=st.dictionaries(keys, values, max_size=6))
def test_any_nested_values_are_a_study_or_faults(tree: dict[Any, Any]) -> None:
    study.check(yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass"))


def test_the_study_that_is_changed_is_good() -> None:
    study.check(yaml.safe_dump(RICH).encode())
    raw, fault = reading.parse(yaml.safe_dump(RICH).encode())
    assert (raw["seed"], fault) == (0, "")


@QUIET
@given(changes=st.lists(st.tuples(st.sampled_from(PATHS), values), min_size=1, max_size=3))
def test_a_good_study_with_other_values_anywhere_is_a_study_or_faults(
    changes: list[tuple[str, Any]],
) -> None:
    tree = RICH
    for path, value in changes:
        tree = put(tree, path, value)
    study.check(yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass"))


@QUIET
@given(content=st.binary(max_size=200))
def test_any_bytes_are_refused_or_read_by_every_reader(content: bytes) -> None:
    for harness in (study, expression, journal, manifest):
        harness.check(content)


safe = st.recursive(
    st.sampled_from(["a", "b", "a.b", "2", "0.5", "7", "1e3"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" + ", " - ", " * "]), inner).map(
            "({0[0]}{0[1]}{0[2]})".format
        ),
        inner.map("-{}".format),
        inner.map("(+{})".format),
    ),
    max_leaves=12,
)
truths = st.recursive(
    st.tuples(safe, st.sampled_from(["<", "<=", "==", "!=", ">", ">="]), safe).map(" ".join),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(
            "({0[0]}{0[1]}{0[2]})".format
        ),
        inner.map("not ({})".format),
    ),
    max_leaves=5,
)


class Dotted(float):
    """A number with a part, so that Python can compute a dotted name."""

    b = 11.0


@QUIET
@given(text=safe | truths, a=st.integers(-9, 9), b=st.floats(-9, 9))
@example(text="a - -b * 2", a=3, b=0.5)
def test_where_both_have_a_value_it_is_that_of_python(text: str, a: int, b: float) -> None:
    try:
        found = parse(text).evaluate({"a": a, "b": b, "a.b": 11.0}.__getitem__)
    except ConfigError as error:
        assert "nested deeper" in str(error)  # noqa: PT017
        return
    assert found == pytest.approx(eval(text, {}, {"a": Dotted(a), "b": b}), rel=1e-12, abs=1e-12)


@QUIET
@given(text=st.text(alphabet="ab1. ()[]<>=*+-/%'\"\\,_andotrif\n\0é＿", max_size=60))
def test_any_text_is_computed_or_refused(text: str) -> None:
    expression.check(text.encode())


lines = st.one_of(
    st.binary(max_size=60),
    values.map(lambda value: json.dumps(value, default=str, skipkeys=True).encode()),
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["metrics", "rung", "image", "x"]), "step": scalars},
        optional={
            "values": values,
            "value": scalars,
            "name": scalars,
            "path": scalars,
            "time_ms": scalars,
        },
    ).map(lambda event: json.dumps(event, default=str).encode()),
    st.just(b'{"kind": "rung", "value": 0.5, "step": 1, "time_ms": 2}'),
)


@QUIET
@given(parts=st.lists(lines, max_size=6), end=st.sampled_from([b"", b"\n"]))
def test_any_lines_are_a_journal_up_to_the_first_that_is_none(
    parts: list[bytes], end: bytes
) -> None:
    journal.check(b"\n".join(parts) + end)


@QUIET
@given(
    label=scalars,
    splits=values,
    files=values,
    counts=values,
    digest=scalars,
    stems=st.lists(st.text(max_size=8), max_size=4),
)
def test_any_values_are_a_manifest_or_are_refused(**parts: Any) -> None:
    stems = parts.pop("stems")
    plain = {**parts, "hash": parts.pop("digest")}
    manifest.check(json.dumps(plain, default=str, skipkeys=True).encode())
    from ablate.data.manifest import Manifest

    splits = {"train": tuple(stems), "val": (), "test": ()}
    made = Manifest(label="x", files={}, splits=splits)
    manifest.check(json.dumps(made.to_json()).encode())


@given(text=st.text(max_size=80), longest=st.integers(5, 40))
def test_a_line_prints_and_is_short(text: str, longest: int) -> None:
    line = one_line(text, longest=longest)
    assert line.isprintable()
    assert len(line) <= longest
